package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/nats-io/nats.go"

	"momento-bridge/subject"
)

// echo is what a route knows of whether its stream stores anew what it delivers. To know that, the stream must be
// looked at, for which a user needs a permission of its own: so it is asked at once only where a filter makes it
// likely, and otherwise once messages keep coming.
type echo struct {
	found bool // It does.
	blind bool // The stream may not be looked at.
	clear bool // It has been looked at, or not to be looked at again.
	late  int  // So often there was no answer in time: it may not be looked at, or the server was slow.

	asked atomic.Bool // Somebody should look.
}

// mostLate is how often an answer is awaited in vain before the stream is taken for one that may not be looked at.
const mostLate = 3

// liveMessages come before the stream is looked at: soon where each makes another one.
const liveMessages = 64

// likely reports whether the stream is to be looked at before anything is consumed from it through these filters.
func (e *echo) likely(filters []string) bool {
	return e.found || len(filters) == 0 || slices.ContainsFunc(filters,
		func(filter string) bool { return filter[0] == '*' || filter[0] == '>' })
}

// arrivals counts messages that were stored after the first of them had been delivered. It belongs to one goroutine.
type arrivals struct {
	some    bool
	backlog uint64 // Messages of before that are not delivered yet.
	live    int
}

// heard counts a message. It reports whether the stream is to be looked at now.
func (a *arrivals) heard(m *nats.Msg, e *echo) bool {
	switch {
	case !a.some:
		meta, _ := parseReply(m.Reply)
		a.some, a.backlog = true, meta.pending
		return false
	case a.backlog > 0:
		a.backlog--
		return false
	}
	if a.live++; a.live != liveMessages {
		return false
	}
	e.asked.Store(true)
	return true
}

// suspicious reports, once, whether the stream is to be looked at.
func (e *echo) suspicious() bool {
	if e.clear || !e.asked.Load() {
		return false
	}
	e.clear = true
	return true
}

// unknown notes that the stream could not be looked at: the user may not, or there was no answer in time.
func (e *echo) unknown(refused, late bool) {
	if late {
		e.late++
	}
	e.blind = refused || e.late >= mostLate
	if late && !e.blind {
		e.clear = false
		e.asked.Store(true)
	}
}

// refuseEcho refuses a stream that takes what is said between the server and the stream's own consumers. Such a
// stream stores each delivery to an inbox anew, under the message's own subject, and each acknowledgement: it never
// ends. Where the stream may not be looked at, the first reserved message stops the route.
func (j *JetStream) refuseEcho(ctx context.Context) error {
	if j.echo.blind {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, infoTime)
	defer cancel()
	subjects, err := j.taken(soon, j.cfg.Stream, maxSources)
	if err != nil {
		_, refused := errors.AsType[*RefusedError](err)
		j.echo.unknown(refused, soon.Err() != nil && ctx.Err() == nil)
		return nil // Whether there is a stream is asked elsewhere.
	}
	caught, how := echoes(subjects, j.cfg.carried(), inboxPrefix(j.conn), j.cfg.Stream, j.cfg.Consumer)
	if caught == "" {
		return nil
	}
	j.echo.found = true
	return fmt.Errorf("the stream %s takes %s, by its subject %s or that of a stream it has them from: each message "+
		"that is consumed would be stored anew, for ever. "+
		"Take that subject from the stream with `nats stream edit %[1]s --subjects ...`, or consume a stream that "+
		"takes what you want to carry and no more",
		j.cfg.Stream, how, caught)
}

// maxSources is how far a stream is followed to those that it has its messages from.
const maxSources = 4

// taken lists the subjects that a stream takes, also through streams that it mirrors or has as sources.
func (j *JetStream) taken(ctx context.Context, name string, depth int) ([]string, error) {
	stream, err := j.streamNamed(ctx, name)
	if err != nil {
		return nil, err
	}
	cfg := stream.Config
	from := cfg.Sources
	if cfg.Mirror != nil {
		from = append(from, cfg.Mirror)
	}
	subjects := cfg.Subjects
	for _, source := range from {
		if source.External != nil || depth == 0 { // Other accounts do not see what is said in this one.
			continue
		}
		more, err := j.taken(ctx, source.Name, depth-1)
		if ctx.Err() != nil {
			return nil, err
		}
		if err == nil {
			subjects = append(subjects, more...)
		}
	}
	return subjects, nil
}

// echoes returns a subject of a stream that takes what is said about the stream's own consumer, and what that is;
// empty if none does.
func echoes(subjects, filters []string, inbox, stream, consumer string) (caught, what string) {
	for _, one := range subjects {
		if subject.Overlap(one, inbox+">") {
			return one, "what is delivered to the inboxes of consumers (" + inbox + ">)"
		}
		for _, acks := range [...]string{replyPrefix + stream + "." + consumer + ".>", replyPrefix + "*.*." + stream +
			"." + consumer + ".>"} {
			if subject.Overlap(one, acks) && filtersOverlap(filters, []string{acks}) {
				return one, "the acknowledgements of its own consumer (" + replyPrefix + ">)"
			}
		}
	}
	return "", ""
}
