package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// load publishes to NATS for one route, at a rate that can be changed, and tells the truth of each message.
type load struct {
	route *routeSpec
	truth *truth
	conn  *nats.Conn
	js    jetstream.JetStream

	factor atomic.Int64 // Thousandths of the route's rate.
	poison atomic.Int64 // Thousandths of the messages.
	large  atomic.Int64 // Likewise, that are larger than the route takes.
	away   atomic.Bool  // NATS is: what is published to core NATS now is lost, and nobody knows when.
	burst  chan int     // So many messages at once.
	storm  sync.WaitGroup
}

func newLoad(r *routeSpec, t *truth, conn *nats.Conn, js jetstream.JetStream) *load {
	l := &load{route: r, truth: t, conn: conn, js: js, burst: make(chan int, 8)}
	l.factor.Store(1000)
	return l
}

// run publishes until ctx is done.
func (l *load) run(ctx context.Context, chance func() float64) {
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	due, last, id := 0.0, time.Now(), 0
	send := func(n int) {
		for range n {
			id++
			l.send(ctx, id, chance)
		}
	}
	for {
		select {
		case <-ctx.Done():
			l.storm.Wait()
			return
		case n := <-l.burst:
			send(n)
			continue
		case <-ticks.C:
		}
		now := time.Now()
		due += now.Sub(last).Seconds() * l.route.rate * float64(l.factor.Load()) / 1000
		last = now
		send(int(due))
		due -= float64(int(due))
	}
}

func (l *load) send(ctx context.Context, id int, chance func() float64) {
	m := &nats.Msg{Subject: fmt.Sprint(l.route.subject(), id%l.route.topics), Header: nats.Header{}}
	pad, poison := 60, ""
	switch draw := int64(chance() * 1000); {
	case draw < l.poison.Load():
		poison = `,"poison":true`
	case draw < l.poison.Load()+l.large.Load():
		pad = 5000
	}
	m.Data = fmt.Appendf(nil, `{"id":%d%s,"pad":"%s"}`, id, poison, strings.Repeat("x", pad))
	if !l.route.stream {
		if l.away.Load() {
			return
		}
		l.truth.publish(l.route.name, id)
		_ = l.conn.PublishMsg(m)
		return
	}
	l.truth.publish(l.route.name, id)
	m.Header.Set("Nats-Msg-Id", fmt.Sprint(l.route.name, "-", id))
	l.storm.Go(func() { l.store(ctx, id, m, pad > 1000) })
}

// store stores a message, however long that takes. What is too large ends where the daemon takes it over.
func (l *load) store(ctx context.Context, id int, m *nats.Msg, large bool) {
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := l.js.PublishMsg(within, m)
		cancel()
		if err == nil {
			l.truth.stored(l.route.name, id)
			if large {
				l.truth.refuse(l.route.name, id, l.route.dead)
			}
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	l.truth.forget(l.route.name, id)
}
