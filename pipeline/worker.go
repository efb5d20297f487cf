package pipeline

import "time"

// worker publishes one message at a time.
type worker struct {
	p         *Pipeline
	publisher Publisher
	wake      chan struct{} // One slot; sent to by whoever took the worker off the idle stack.
	request   Request
	busySince time.Time // When it took its message; zero while it has none. Guarded by the pipeline's mutex.
}

// run publishes until the pipeline lets it go.
func (w *worker) run() {
	defer w.publisher.Close()
	for {
		e := w.p.take(w)
		if e == nil {
			return
		}
		if e.rejection != nil {
			w.reject(e)
			continue
		}
		w.publish(e)
	}
}

// publish makes one attempt. take has set the deadline.
func (w *worker) publish(e *entry) {
	r := e.lane.route
	w.request.Cache = r.cfg.Cache
	w.request.Topic = e.Topic
	w.request.Payload = e.Payload
	w.request.Text = r.cfg.Text
	w.request.Once = r.cfg.AtMostOnce
	a := w.publisher.Publish(&w.request)
	w.request.Payload = nil
	now := time.Now()
	r.publishSeconds.Observe(now.Sub(e.sent).Seconds())
	if a.Verdict == Accept {
		r.endToEndSeconds.Observe(now.Sub(e.Time).Seconds())
	}
	if rejected := w.p.finish(now, e, a); rejected {
		w.reject(e)
	}
}

// reject stores a message that can never be published as a dead letter, or drops it.
func (w *worker) reject(e *entry) {
	r := e.lane.route
	kept := r.cfg.DeadLetters != nil
	var err error
	if kept {
		err = r.cfg.DeadLetters.Keep(&e.Message, *e.rejection)
	}
	w.p.finishRejected(time.Now(), e, kept && err == nil, err)
}
