package source

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/pipeline"
	"momento-bridge/source/template"
)

// arrivalTime is how long a stop waits before it hands back.
const arrivalTime = time.Second

// prepareHandBack makes sure that messages come again in the order in which they are handed back: it waits for those
// still on their way, and makes the server forget our open requests. nats-server 2.15 looks at a message that was
// handed back at once, and when all that waits for one are requests of somebody who has left, it puts the message
// behind the others; asking for the consumer's numbers removes such requests.
func (j *JetStream) prepareHandBack(hard context.Context, b *binding) {
	soon, cancel := context.WithTimeout(hard, arrivalTime)
	defer cancel()
	j.awaitClosed(soon, b)
	if j.conn.IsConnected() {
		if _, err := b.consumer.Info(soon); err != nil {
			j.log.Debug("look at the consumer before handing back", "error", err)
		}
	}
}

// subscribe makes the inbox. Everything that comes was asked for, so the client's own limits would only lose it.
func (j *JetStream) subscribe(p *puller, route *pipeline.Route) (*nats.Subscription, chan struct{}, error) {
	closed := make(chan struct{})
	topics := template.NewCache(j.cfg.Template)
	stopped, arrived := false, arrivals{}
	events := j.cfg.Envelope.wrapper(j.cfg.Stream, j.cfg.Partitions)
	reserved := newReserved(j.conn, j.cfg.carried(), j.cfg.Stream, j.cfg.Consumer)
	sub, err := j.conn.Subscribe(p.inbox+".*", func(m *nats.Msg) {
		if !p.receive(m) {
			return
		}
		j.cfg.strip(m)
		switch {
		case stopped:
			route.Release(1)
		case reserved.has(m.Subject):
			stopped = true
			route.Release(1)
			p.lose(j.reservedError(m.Subject))
		default:
			if arrived.heard(m, &j.echo) {
				p.signal()
			}
			if !j.submit(m, topics, events, route) {
				route.Release(1)
				p.lose(errRemade)
			}
		}
	})
	if err != nil {
		return nil, nil, fmt.Errorf("subscribe to the inbox: %w", err)
	}
	sub.SetClosedHandler(func(string) { close(closed) })
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, nil, fmt.Errorf("set the limits of the inbox: %w", err)
	}
	return sub, closed, nil
}

// awaitClosed waits until the callback has had its last message. Without a connection nothing can arrive any more,
// and nats.go would wait for the server in vain.
func (j *JetStream) awaitClosed(hard context.Context, b *binding) {
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for {
		j.cfg.Beat()
		select {
		case <-b.closed:
			return
		case <-hard.Done():
			return
		case <-ticks.C:
			if pending, _, err := b.sub.Pending(); err == nil && pending == 0 && !j.conn.IsConnected() {
				return
			}
		}
	}
}

// submit hands a message to the pipeline. It runs on the inbox's one goroutine. It reports false, and does nothing, for
// one of another consumer than the one that was bound.
func (j *JetStream) submit(m *nats.Msg, topics *template.Cache, events *wrapper, route *pipeline.Route) bool {
	meta, ok := parseReply(m.Reply)
	if ok && j.barrier.goesBack(meta.consumer) {
		return false
	}
	now := time.Now()
	message := pipeline.Message{Payload: m.Data, Time: now, Subject: m.Subject}
	message.Topic, message.Unfit = topics.Topic(m.Subject, m.Header)
	if j.cfg.KeepHeader {
		message.Header = m.Header
	}
	if ok {
		message.Time = meta.stored
		message.Redelivered = meta.deliveries > 1
		j.mark(&message, meta.sequence)
		j.pending.Store(int64(meta.pending))
		j.figures.came(now, &meta)
		j.resume.delivered(meta.sequence, meta.stored)
	}
	if j.cfg.Tracer != nil {
		message.Trace = j.cfg.trace(m, &meta, &message, now)
	}
	data := events.wrap(&message, m, meta.sequence)
	note := func() *delivery {
		d := j.note(m, meta.sequence, now, route)
		if d != nil {
			d.data = data
			if message.Redelivered {
				j.figures.gathered()
			}
		}
		return d
	}
	if j.cfg.Ordered && ok && j.barrier.holds(meta.sequence, meta.consumer, message.Redelivered) &&
		j.barrier.wait(meta.sequence, message, note) {
		return true
	}
	if !j.cfg.Ordered && ok && j.barrier.up.Load() {
		j.barrier.pass(meta.sequence, meta.consumer)
	}
	if d := note(); d != nil {
		message.Handle = d
		route.Submit(message)
	}
	return true
}

// note notes a delivery. It returns nil for a message that must not be published twice. While the barrier is up that
// is known also before the watch has come to look why.
func (j *JetStream) note(m *nats.Msg, sequence uint64, now time.Time, route *pipeline.Route) *delivery {
	if j.barrier.up.Load() && !j.held.knows() {
		j.held.know(j.acknowledged(0))
	}
	d, ended := j.held.add(m, sequence, now.Add(time.Duration(j.renewAfter.Load())))
	if d != nil {
		return d
	}
	route.Release(1)
	if ended {
		if err := j.acks.done(m.Reply, true); err != nil {
			j.log.Debug("acknowledge once more", "error", err)
		}
	}
	return nil
}

// Settle implements pipeline.Settler.
func (j *JetStream) Settle(handle any, o pipeline.Outcome) {
	reply, last := j.held.remove(handle.(*delivery), o != pipeline.Returned && o != pipeline.Forgotten)
	var err error
	switch o {
	case pipeline.Published, pipeline.Expired, pipeline.Replaced, pipeline.Shed, pipeline.Skipped:
		err = j.acks.done(reply, last)
	case pipeline.Returned:
		j.figures.elsewhere.Add(1)
		if meta, ok := parseReply(reply); ok && j.cfg.Ordered {
			j.barrier.handedBack(meta.sequence)
		}
		err = j.acks.handBack(reply)
	case pipeline.Forgotten: // It is somebody else's.
	case pipeline.Rejected, pipeline.Dropped, pipeline.DeadLettered:
		err = j.acks.term(reply, fmt.Appendf(nil, "%s %s", ackNever, o))
	}
	if err != nil {
		j.throttled.Error("an acknowledgement could not be sent: the message will be delivered again", "error", err)
	}
}
