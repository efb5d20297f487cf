package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/group"
)

// Heard is what the members of a group tell of one quota that they share, guests aside.
type Heard struct {
	Members int
	Used    float64 // What they publish, in the quota's unit per second.
	Rate    float64 // What all may, per second; 0: not told, as by one that is alone.
}

// ErrDenied says that the NATS user may not hear the group.
var ErrDenied = errors.New("the NATS user may not hear the group")

const (
	// listenLeast is how long it takes to hear all: each tells of itself once a second, give or take a tenth.
	listenLeast = 1300 * time.Millisecond
	// listenMost is how long somebody may take to be heard.
	listenMost = 4 * time.Second
)

// Listen hears what the members of a group tell of a quota: for a second and a little, or not at all where the server
// says that nobody is there. quotas is as in Config.
func Listen(ctx context.Context, conn *nats.Conn, name, quotas, scope string) (Heard, error) {
	reply := Subject(name, quotas, "n."+nats.NewInbox()[len(nats.InboxPrefix):])
	reports, levels := Subject(name, quotas, Reports), Subject(name, quotas, Levels)
	came := make(chan *nats.Msg, room)
	for _, subject := range [...]string{reports, levels, reply} {
		sub, err := conn.ChanSubscribe(subject, came)
		if err != nil {
			return Heard{}, fmt.Errorf("hear the group %s: %w", name, err)
		}
		defer func() { _ = sub.Unsubscribe() }()
	}
	if err := conn.PublishRequest(Subject(name, quotas, Hello), reply, nil); err != nil {
		return Heard{}, fmt.Errorf("ask the group %s: %w", name, err)
	}
	all := overheard{scope: scope, uses: map[string]float64{}}
	began := time.Now()
	look := time.NewTimer(listenLeast)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return Heard{}, ctx.Err()
		case <-look.C:
			switch {
			case errors.Is(conn.LastError(), nats.ErrPermissionViolation) && len(all.uses) == 0:
				return Heard{}, fmt.Errorf("%w: allow it to publish and to subscribe to mb.%s.>", ErrDenied, name)
			case len(all.uses) > 0 || time.Since(began) > listenMost:
				return all.sum(), nil
			}
			look.Reset(listenLeast / 10)
		case m := <-came:
			if m.Subject == reply && m.Header.Get("Status") == nobodyThere {
				return Heard{}, nil
			}
			all.take(m, m.Subject == levels)
		}
	}
}

// overheard is what was heard so far.
type overheard struct {
	scope   string
	uses    map[string]float64 // By member.
	members int                // As the keeper has it, its guests included.
	guests  map[string]bool
	rate    float64
}

func (o *overheard) take(m *nats.Msg, level bool) {
	if level {
		if l, err := group.DecodeLevel(m.Data); err == nil {
			o.members, o.rate = l.Members, rateOf(l, o.scope)
		}
		return
	}
	r, err := group.DecodeReport(m.Data)
	switch {
	case err != nil:
	case r.Leaving:
		delete(o.uses, r.ID)
	case r.Guest:
		if o.guests == nil {
			o.guests = map[string]bool{}
		}
		o.guests[r.ID] = true
	default:
		o.uses[r.ID] = usedOf(r, o.scope)
	}
}

// sum adds it up. Of a large group not all report within the time: those that are not heard are taken for the same.
func (o *overheard) sum() Heard {
	h := Heard{Members: len(o.uses), Rate: o.rate}
	for _, used := range o.uses {
		h.Used += used
	}
	if all := o.members - len(o.guests); h.Members > 0 && all > h.Members {
		h.Used *= float64(all) / float64(h.Members)
		h.Members = all
	}
	return h
}

func usedOf(r *group.Report, scope string) float64 {
	for i := range r.Uses {
		if u := &r.Uses[i]; u.Scope == scope {
			return u.Used
		}
	}
	return 0
}

func rateOf(l *group.Level, scope string) float64 {
	for i := range l.Totals {
		if t := &l.Totals[i]; t.Scope == scope {
			return t.Rate
		}
	}
	return 0
}
