package lease

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	protocol "momento-bridge/lease"
)

// run is what Run's goroutine knows. It holds the manager's mu only while it deals with an event.
type run struct {
	m         *Manager
	inbox     string // Answers to writes come below.
	answers   chan *nats.Msg
	pending   map[string]protocol.Write // By the last token of the inbox.
	writes    uint64                    // So far.
	openings  chan opened
	opening   bool
	giveUp    context.CancelFunc // Ends the opening.
	cutOff    bool               // The opening was given up.
	dropping  sync.WaitGroup     // Watches that are being ended.
	openAt    protocol.Instant   // The bucket is looked at then.
	openedAt  protocol.Instant   // It was looked at last.
	bucket    opened             // As it was opened last.
	toldAt    protocol.Instant   // When the watch has told something last.
	alone     solitude
	connected bool
	stepped   protocol.Instant // When step was called last.
}

const (
	// mostAnswers is how many answers may wait. One that finds no room is asked for again.
	mostAnswers = 4096
	// leaveTime is how long a stop waits for the bucket to take notice.
	leaveTime = 500 * time.Millisecond
	// forbiddenEvery is how often it is tried whether what was refused is granted. A reconnect tries it, too.
	forbiddenEvery = 30 * time.Second
	// silentEvery is the pause before a bucket that has not answered is asked again.
	silentEvery = 500 * time.Millisecond
)

// Run keeps the leases until ctx is done and what was held is released, or a second more. An error means that it cannot
// work at all.
func (m *Manager) Run(ctx context.Context) error {
	for m.none() {
		select {
		case <-ctx.Done():
			return nil
		case <-m.wake:
		}
	}
	r := &run{
		m: m, inbox: m.conn.NewInbox(), answers: make(chan *nats.Msg, mostAnswers),
		pending: map[string]protocol.Write{}, openings: make(chan opened, 1),
	}
	sub, err := m.conn.ChanSubscribe(r.inbox+".*", r.answers)
	if err != nil {
		return fmt.Errorf("listen for what the bucket of leases answers: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // The connection may be closed.
	outer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	r.loop(ctx, outer)
	cancel()
	if r.opening {
		r.drop((<-r.openings))
	}
	r.drop(r.bucket)
	r.dropping.Wait()
	return nil
}

// none reports whether there is no lease, so that nothing is to be asked for.
func (m *Manager) none() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.leases) == 0
}

// loop deals with events until ctx is done and all is released. Outer goes on meanwhile.
func (r *run) loop(ctx, outer context.Context) {
	m := r.m
	status := m.conn.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED)
	defer m.conn.RemoveStatusListener(status)
	r.connected = m.conn.IsConnected()
	timer := time.NewTimer(0)
	defer timer.Stop()
	stopping := ctx.Done()
	var end protocol.Instant
	for {
		next := r.step(outer)
		if end > 0 && (m.now() >= end || !r.connected || m.idle()) {
			return
		}
		if end > 0 {
			next = min(next, end)
		}
		timer.Reset(next - m.now())
		select {
		case <-stopping:
			stopping, end = nil, m.now()+leaveTime
			m.leave()
		case <-timer.C:
		case <-m.wake:
		case answer := <-r.answers:
			r.answered(answer)
		case entry, ok := <-r.updates():
			r.updated(entry, ok)
		case o := <-r.openings:
			r.opened(o)
		case s := <-status:
			r.connected = s == nats.CONNECTED
			r.openAt = m.now() // What the watch has missed is told anew.
			if r.opening {     // The answer that it waits for may have gone with the connection.
				r.cutOff = true
				r.giveUp()
			}
		}
		r.catchUp()
	}
}

// catchUp deals with what has come besides, so that many events cost one step.
func (r *run) catchUp() {
	for {
		select {
		case answer := <-r.answers:
			r.answered(answer)
		case entry, ok := <-r.updates():
			r.updated(entry, ok)
		default:
			return
		}
	}
}

func (r *run) updates() <-chan jetstream.KeyValueEntry {
	if r.bucket.watcher == nil {
		return nil
	}
	return r.bucket.watcher.Updates()
}

// step moves on with time, and returns when that is to be done again.
func (r *run) step(outer context.Context) protocol.Instant {
	m := r.m
	m.mu.Lock()
	now := m.now()
	m.stalled, r.stepped = now-r.stepped, now
	if m.added {
		m.added = false
		r.openAt = min(r.openAt, now)
	}
	writes, next := m.machine.Step(now)
	m.sync(now)
	m.sweep()
	next = min(next, r.alone.step(m, now))
	place := m.place
	m.mu.Unlock()
	for _, w := range writes {
		r.write(w)
	}
	// The watch tells of each renewal. If it is silent something is wrong with it, or nobody holds anything.
	if silent := r.toldAt + m.cfg.Lease/5*3; place == bucket && r.bucket.watcher != nil {
		if now >= silent {
			r.reopen(now)
		} else {
			next = min(next, silent)
		}
	}
	switch {
	case r.opening || !r.connected:
	case now >= r.openAt:
		r.openedAt = now
		r.open(outer)
	default:
		next = min(next, r.openAt)
	}
	return next
}

// open has the bucket looked at. What comes of it comes to openings.
func (r *run) open(outer context.Context) {
	ctx, cancel := context.WithCancel(outer)
	r.opening, r.cutOff, r.giveUp = true, false, cancel
	go func() {
		o := r.m.open(ctx)
		if o.watcher == nil {
			cancel()
		} else {
			stop := o.stop
			o.stop = func() { stop(); cancel() }
		}
		r.openings <- o
	}()
}

// reopen looks at the bucket again, but not too often.
func (r *run) reopen(now protocol.Instant) {
	r.openAt = min(r.openAt, max(now, r.openedAt+r.m.cfg.Lease/5*2))
}
