package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
	"momento-bridge/source/template"
)

// ReplayRoute is a route whose dead letters are replayed.
type ReplayRoute struct {
	Template *template.Template
	// KeepHeader hands the headers of messages over.
	KeepHeader bool
	Envelope   *Envelope              // What messages are put into; nil: nothing.
	Submit     func(pipeline.Message) // Blocks while the route's share of the queue is full.
}

// Replay takes the dead letters of one subject back from the stream that keeps them, as far as the stream reached
// when it began, and removes those that are published. It is the Settler and the DeadLetters of their routes: what is
// rejected again stays where it is. Its methods may be called concurrently.
type Replay struct {
	js      jetstream.JetStream
	subject string
	wanted  func(Letter) bool
	log     *slog.Logger

	mu     sync.Mutex // Guards the following.
	stream jetstream.Stream
	failed func()
	counts ReplayCounts
}

// Letter is what a dead letter says of itself.
type Letter struct {
	Route, Reason, Status string
	Kept                  time.Time // When the stream stored it.
}

// ReplayCounts is how far a replay has come.
type ReplayCounts struct {
	Selected  int            // Dead letters taken so far.
	Skipped   int            // Not wanted, or of an unknown route.
	Published int            // And removed.
	Rejected  map[string]int // By reason.
	Twice     int            // Published and not removed: they would be published again.
}

// rejected is the sum over the reasons.
func (c *ReplayCounts) rejected() int {
	sum := 0
	for _, n := range c.Rejected {
		sum += n
	}
	return sum
}

// NewReplay prepares a replay. wanted chooses the dead letters.
func NewReplay(conn *nats.Conn, subject string, wanted func(Letter) bool, log *slog.Logger) (*Replay, error) {
	js, err := NewAPI(conn)
	if err != nil {
		return nil, err
	}
	return &Replay{
		js: js, subject: subject, wanted: wanted, log: log,
		counts: ReplayCounts{Rejected: map[string]int{}},
	}, nil
}

// kept is the pipeline's handle of a dead letter: where it stands in its stream.
type kept uint64

// replayTimeout is for one request to the server.
const replayTimeout = 10 * time.Second

// Run submits the dead letters of the routes, oldest first, until the end or until ctx is done. failed is called when
// one was published and cannot be removed: then nothing more should be published.
func (r *Replay) Run(ctx context.Context, routes map[string]ReplayRoute, failed func()) error {
	r.mu.Lock()
	r.failed = failed
	r.mu.Unlock()
	last, err := r.open(ctx)
	if err != nil {
		return err
	}
	if cfg := r.stream.CachedInfo().Config; cfg.DenyDelete || cfg.Sealed {
		return fmt.Errorf("the stream %s does not allow single messages to be deleted (deny_delete, sealed): what is "+
			"replayed could not be removed", cfg.Name)
	}
	topics, events := map[string]*template.Cache{}, map[string]*wrapper{}
	for name, route := range routes {
		topics[name], events[name] = template.NewCache(route.Template), route.Envelope.wrapper("", nil)
	}
	return r.each(ctx, last, func(m *jetstream.RawStreamMsg, l Letter) {
		route, known := routes[l.Route]
		if !known || !r.wanted(l) {
			r.count(func(c *ReplayCounts) { c.Skipped++ })
			return
		}
		r.count(func(c *ReplayCounts) { c.Selected++ })
		payload, err := r.whole(ctx, m)
		if err != nil {
			r.log.Error("a dead letter was cut, as it was too large, and its message is no longer in the stream: it "+
				"is not replayed, and stays where it is",
				"subject", r.subject, "sequence", m.Sequence, "error", err)
			r.count(func(c *ReplayCounts) { c.Rejected["truncated"]++ })
			return
		}
		message := pipeline.Message{
			Payload: payload, Time: storedAt(m.Header), Handle: kept(m.Sequence),
			Subject: m.Header.Get(ourPrefix + "Subject"),
		}
		header := headersOf(m.Header)
		message.Topic, message.Unfit = topics[l.Route].Topic(message.Subject, header)
		if route.KeepHeader {
			message.Header = header
		}
		if m.Header.Get(headersCutHeader) != "" && (route.Template.HasHeaders() || route.Envelope != nil) {
			message.Unfit = "headers of the dead letter were cut, and the topic or the event is made of headers: " +
				"publish it by hand"
		}
		events[l.Route].wrapLetter(&message, m)
		route.Submit(message)
	})
}

// List calls f for each dead letter that is wanted, and changes nothing.
func (r *Replay) List(ctx context.Context, f func(Letter)) error {
	last, err := r.open(ctx)
	if err != nil {
		return err
	}
	return r.each(ctx, last, func(_ *jetstream.RawStreamMsg, l Letter) {
		if r.wanted(l) {
			f(l)
		}
	})
}

// each reads the subject's messages one by one, up to a sequence, so that no consumer is left behind.
func (r *Replay) each(ctx context.Context, last uint64, f func(*jetstream.RawStreamMsg, Letter)) error {
	for next := uint64(1); next <= last && ctx.Err() == nil; {
		m, err := r.get(ctx, next)
		if err != nil {
			return fmt.Errorf("read a dead letter of %s: %w", r.subject, err)
		}
		if m == nil || m.Sequence > last {
			break
		}
		f(m, Letter{
			Route: m.Header.Get("Momento-Bridge-Route"), Reason: m.Header.Get(
				"Momento-Bridge-Reason"), Status: m.Header.Get("Momento-Bridge-Status"), Kept: m.Time,
		})
		next = m.Sequence + 1
	}
	return nil
}

// open finds the stream and returns its last sequence.
func (r *Replay) open(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, replayTimeout)
	defer cancel()
	name, err := r.js.StreamNameBySubject(ctx, r.subject)
	if err != nil {
		return 0, fmt.Errorf("find the stream that keeps the dead letters of %s: %w", r.subject, err)
	}
	stream, err := r.js.Stream(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("open the stream %s: %w", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stream = stream
	return stream.CachedInfo().State.LastSeq, nil
}

// get returns the next dead letter from a sequence on, nil when there is none.
func (r *Replay) get(ctx context.Context, next uint64) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replayTimeout)
	defer cancel()
	m, err := r.stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(r.subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return m, err
}

// Settle implements pipeline.Settler: it removes what was published. That takes a request to the server, which a
// replay has the time for.
func (r *Replay) Settle(handle any, o pipeline.Outcome) {
	if o != pipeline.Published {
		return // It stays.
	}
	ctx, cancel := context.WithTimeout(context.Background(), replayTimeout)
	defer cancel()
	sequence := uint64(handle.(kept))
	if err := r.stream.DeleteMsg(ctx, sequence); err != nil {
		r.log.Error(
			"a dead letter was published and cannot be removed: it would be replayed again", "subject", r.subject,
			"sequence", sequence, "error", err)
		r.count(func(c *ReplayCounts) { c.Twice++ })
		r.failed()
		return
	}
	r.count(func(c *ReplayCounts) { c.Published++ })
}

// Keep implements pipeline.DeadLetters: what is rejected again is kept already.
func (r *Replay) Keep(_ *pipeline.Message, why pipeline.Rejection) error {
	r.count(func(c *ReplayCounts) { c.Rejected[why.Reason]++ })
	return nil
}

// Counts returns how far the replay has come.
func (r *Replay) Counts() ReplayCounts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	c.Rejected = maps.Clone(c.Rejected)
	return c
}

func (r *Replay) count(change func(*ReplayCounts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.counts)
}

// Add adds another replay's counts.
func (c *ReplayCounts) Add(other ReplayCounts) {
	c.Selected += other.Selected
	c.Skipped += other.Skipped
	c.Published += other.Published
	c.Twice += other.Twice
	for _, reason := range slices.Sorted(maps.Keys(other.Rejected)) {
		c.Rejected[reason] += other.Rejected[reason]
	}
}

// Sums returns how many were rejected again, and how many were selected and are left for another reason.
func (c *ReplayCounts) Sums() (rejected, left int) {
	rejected = c.rejected()
	return rejected, c.Selected - c.Published - c.Twice - rejected
}
