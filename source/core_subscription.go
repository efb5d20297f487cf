package source

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/pipeline"
	"momento-bridge/source/template"
)

// coreSubscription is a subscription of a core route, which has one for each of its subjects.
type coreSubscription struct {
	*nats.Subscription

	tap     *tap
	dropped atomic.Int64 // By the client, because its buffer was full, as far as is known.
}

// drops returns how many messages the client has dropped. It cannot be asked once the subscription is closed.
func (s *coreSubscription) drops() int64 {
	if n, err := s.Dropped(); err == nil {
		s.dropped.Store(int64(n))
	}
	return s.dropped.Load()
}

// transit is what the client holds of a subscription, as far as is known. It belongs to the goroutine of its callback.
type transit struct {
	route *pipeline.Route
	n     uint64 // Messages that have passed.
	bytes int64
}

const (
	// The client is asked for every so many messages what it holds, or for each that is large, as that takes a lock of
	// the client; and for every message while memory is tight.
	askEvery, askLarge = 64, 16 << 10
	// leastTransit is what the client may hold, in bytes, however small the memory is: what becomes of a burst is
	// decided by the route's policy, not by how quickly the callback is scheduled.
	leastTransit = 16 << 20
)

// passed tells the route what the client holds behind a message that it has just handed over.
func (t *transit) passed(m *nats.Msg) {
	t.n++
	bytes := max(0, t.bytes-max(int64(len(m.Data)), pipeline.LeastCharge))
	if t.n%askEvery == 0 || len(m.Data) >= askLarge || t.route.Tight() {
		if messages, size, err := m.Sub.Pending(); err == nil { // This one still counts.
			bytes = max(int64(size-len(m.Data)), int64(messages-1)*pipeline.LeastCharge)
		}
	}
	if bytes != t.bytes {
		t.route.AddTransit(bytes - t.bytes)
		t.bytes = bytes
	}
}

// leave says that the route no longer has to do with what the client holds.
func (t *transit) leave() {
	t.route.AddTransit(-t.bytes)
	t.bytes = 0
}

// Filters are the subjects that the route consumes.
func (c *CoreConfig) Filters() []string {
	if len(c.Subjects) > 0 {
		return c.Subjects
	}
	return []string{c.Subject}
}

// subjects names them.
func (c *Core) subjects() string { return strings.Join(c.cfg.Filters(), ", ") }

// subscribe makes the subscriptions, held.
func (c *Core) subscribe() (*feed, error) {
	filters := c.cfg.Filters()
	f := newFeed()
	var open atomic.Int64
	open.Store(int64(len(filters)))
	most := int(min(max(c.cfg.MaxBytes, leastTransit), math.MaxInt32))
	for _, subject := range filters {
		tap := &tap{feed: f}
		sub, err := c.conn.QueueSubscribe(subject, c.cfg.Queue, tap.take)
		if err != nil {
			return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
		}
		sub.SetClosedHandler(func(string) {
			if open.Add(-1) == 0 {
				close(f.closed)
			}
		})
		if err := sub.SetPendingLimits(max(1, most/pipeline.LeastCharge), max(1, most)); err != nil {
			return nil, fmt.Errorf("bound the buffer of %s: %w", subject, err)
		}
		f.subs = append(f.subs, &coreSubscription{Subscription: sub, tap: tap})
	}
	return f, nil
}

// intake makes messages of one subscription into those of a route. It belongs to the goroutine of its callback.
type intake struct {
	core     *Core
	route    *pipeline.Route
	topics   *template.Cache
	buffer   transit
	events   *wrapper
	reserved *reserved
}

func (c *Core) intake(route *pipeline.Route) *intake {
	return &intake{
		core: c, route: route, topics: template.NewCache(c.cfg.Template), buffer: transit{route: route},
		events: c.cfg.Envelope.wrapper("", nil), reserved: newReserved(c.conn, c.cfg.Filters(), "", ""),
	}
}

// take submits a message.
func (i *intake) take(m *nats.Msg) {
	cfg := &i.core.cfg
	i.buffer.passed(m)
	if i.reserved.has(m.Subject) || i.reserved.passing(m) || i.reserved.ofBridges(m.Subject) {
		return
	}
	message := pipeline.Message{Payload: m.Data, Time: time.Now(), Subject: m.Subject}
	message.Topic, message.Unfit = i.topics.Topic(m.Subject, m.Header)
	if cfg.Tracer != nil {
		message.Trace = cfg.trace(m, message.Time)
	}
	if cfg.KeepHeader {
		message.Header = m.Header
	}
	data := i.events.wrap(&message, m, 0)
	if cfg.Letters {
		message.Handle = &original{subject: m.Subject, header: m.Header, data: data}
	}
	if !i.route.Offer(message) {
		i.core.noRoom.Add(1)
	}
}

// buffered is what the client holds of all subscriptions, and whether that can be known: it cannot once all are closed.
func (c *Core) buffered() (messages int, known bool) {
	f := c.feed.Load()
	if f == nil {
		return 0, false
	}
	for _, sub := range f.subs {
		if n, _, err := sub.Pending(); err == nil {
			messages += n
			known = true
		}
	}
	return messages, known
}
