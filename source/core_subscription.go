package source

import (
	"fmt"
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

	dropped atomic.Int64 // By the client, because its buffer was full, as far as is known.
}

// drops returns how many messages the client has dropped. It cannot be asked once the subscription is closed.
func (s *coreSubscription) drops() int64 {
	if n, err := s.Dropped(); err == nil {
		s.dropped.Store(int64(n))
	}
	return s.dropped.Load()
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

// subscribe makes the subscriptions, which share what the client may hold. closed is closed when all of them are.
func (c *Core) subscribe(route *pipeline.Route, closed chan struct{}) ([]*coreSubscription, error) {
	filters := c.cfg.Filters()
	var open atomic.Int64
	open.Store(int64(len(filters)))
	reserved := newReserved(c.conn, filters, "", "")
	messages, bytes := max(1, c.cfg.PendingMessages/len(filters)), max(1, c.cfg.PendingBytes/len(filters))
	var subs []*coreSubscription
	for _, subject := range filters {
		topics := template.NewCache(c.cfg.Template)
		sub, err := c.conn.QueueSubscribe(subject, c.cfg.Queue, func(m *nats.Msg) {
			if reserved.has(m.Subject) || reserved.passing(m) {
				return
			}
			route.Submit(pipeline.Message{Topic: topics.Topic(m.Subject), Payload: m.Data, Time: time.Now(), Handle: m})
		})
		if err != nil {
			return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
		}
		sub.SetClosedHandler(func(string) {
			if open.Add(-1) == 0 {
				close(closed)
			}
		})
		if err := sub.SetPendingLimits(messages, bytes); err != nil {
			return nil, fmt.Errorf("bound the buffer of %s: %w", subject, err)
		}
		subs = append(subs, &coreSubscription{Subscription: sub})
	}
	return subs, nil
}

// buffered is what the client holds of all subscriptions, and whether that can be known: it cannot once all are closed.
func (c *Core) buffered() (messages int, known bool) {
	subs := c.subs.Load()
	if subs == nil {
		return 0, false
	}
	for _, sub := range *subs {
		if n, _, err := sub.Pending(); err == nil {
			messages += n
			known = true
		}
	}
	return messages, known
}
