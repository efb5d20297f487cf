package loadtest

import (
	"time"

	"momento-bridge/loadtest/drive"
	"momento-bridge/pipeline"
)

// publisher makes a publisher for a worker.
func (f *following) publisher() drive.Publisher { return viaPublisher{f} }

// viaPublisher publishes to NATS. All share the connection.
type viaPublisher struct{ *following }

// Close implements drive.Publisher.
func (viaPublisher) Close() {}

// Publish implements drive.Publisher: a request's topic is the subject, and its payload is made here, with the number
// and the time. From a stream it awaits the acknowledgement; core NATS has taken a message that the client has.
func (p viaPublisher) Publish(r *pipeline.Request) pipeline.Answer {
	t := p.of[r.Topic]
	if p.js == nil {
		return p.core(t)
	}
	t.mu.Lock()
	number := t.number()
	future, err := p.js.PublishAsync(t.subject, stamped(p.run, number, time.Since(p.began), p.padding))
	t.mu.Unlock()
	if err != nil {
		return pipeline.Answer{Verdict: pipeline.Retry, Detail: "NATS: " + err.Error()}
	}
	timer := time.NewTimer(time.Until(r.Deadline))
	defer timer.Stop()
	select {
	case <-future.Ok():
		t.took(number)
		return pipeline.Answer{Verdict: pipeline.Accept}
	case err := <-future.Err():
		return pipeline.Answer{Verdict: pipeline.Ambiguous, Detail: "NATS: " + err.Error()}
	case <-timer.C:
		return pipeline.Answer{Verdict: pipeline.Ambiguous, Detail: "NATS: no acknowledgement in time"}
	}
}

func (p viaPublisher) core(t *track) pipeline.Answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	number := t.number()
	if err := p.via.Conn.Publish(t.subject, stamped(p.run, number, time.Since(p.began), p.padding)); err != nil {
		return pipeline.Answer{Verdict: pipeline.Retry, Detail: "NATS: " + err.Error()}
	}
	t.mark(number, taken)
	return pipeline.Answer{Verdict: pipeline.Accept}
}
