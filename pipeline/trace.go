package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Tracer makes traces of messages. Its methods are called concurrently, never under the pipeline's mutex, and must not
// block.
type Tracer interface {
	// Taken is told by a source of each message that it takes, and returns its trace; nil: it is not traced. It keeps
	// nothing of the header.
	Taken(t Taken) Trace
	// Attempted is told of each publish that has been answered, or failed, if messages of it are traced. It keeps
	// nothing of it.
	Attempted(a *Attempt)
}

// Trace is the trace of one message.
type Trace interface {
	// ID is the trace's id, as exemplars have it.
	ID() string
	// Ended tells that the message has ended in another way than by a publish. It must not block.
	Ended(o Outcome)
}

// Taken is a message that a source has taken over.
type Taken struct {
	Route, Subject string
	// Stream and Consumer are empty for a message of core NATS, which has a Queue, and Sequence is 0.
	Stream, Consumer, Queue string
	Sequence                uint64
	Redelivered             bool
	Bytes                   int
	Header                  map[string][]string
	Came, Taken             time.Time // When NATS had it, and when the source had it.
}

// Attempt is one publish that has ended.
type Attempt struct {
	Route, Cache, Topic string
	Messages, Bytes     int       // Of the publish.
	Sent, Answered      time.Time // When it left the queue, and when its answer came.
	Answer              Answer    // As the sink has classified it.
	Traced              []Traced  // Those of its messages that are traced, at least one.
}

// Traced is a message of an Attempt.
type Traced struct {
	Trace   Trace
	Attempt int // Which one it is, from 1 on.
}

// observeTraced is observe where messages may be traced: the histograms have their traces as exemplars, and the tracer
// is told. It belongs to the worker's goroutine.
func (w *worker) observeTraced(now time.Time, p *parcel, a *Answer) {
	w.traced = w.traced[:0]
	e := p.first
	for range p.inside() {
		if e.mark != nil && e.mark.trace != nil {
			w.traced = append(w.traced, Traced{Trace: e.mark.trace, Attempt: int(e.attempts) + 1})
		}
		e = e.next
	}
	p.observe(now, a.Verdict == Accept, w.traced)
	if len(w.traced) == 0 {
		return
	}
	c := &p.lane.route.cfg
	w.p.cfg.Tracer.Attempted(&Attempt{
		Route: c.Name, Cache: c.Cache, Topic: p.lane.topic, Messages: p.inside(), Bytes: p.size, Sent: p.sent,
		Answered: now, Answer: *a, Traced: w.traced,
	})
	clear(w.traced)
}

// observeWith puts a value into a histogram, with a trace as its exemplar.
func observeWith(o prometheus.Observer, value float64, t Trace) {
	o.(prometheus.ExemplarObserver).ObserveWithExemplar(value, prometheus.Labels{"trace_id": t.ID()})
}

// endedTrace is a traced message that has ended unpublished: unlock tells its trace.
type endedTrace struct {
	trace   Trace
	outcome Outcome
}

// endTrace has unlock tell the trace of a message, if it has one, how that has ended.
func (d *dispatcher) endTrace(t Trace, o Outcome) {
	if t != nil {
		d.endedTraces = append(d.endedTraces, endedTrace{t, o})
	}
}
