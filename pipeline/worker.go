package pipeline

import "time"

// worker makes one publish at a time.
type worker struct {
	p         *Pipeline
	publisher Publisher
	wake      chan struct{} // One slot; sent to by whoever took the worker off the idle stack.
	parcel    parcel
	batch     []byte // Reused.
	request   Request
	busySince time.Time // When it took its parcel; zero while it has none. Guarded by the pipeline's mutex.
}

// run publishes until the pipeline lets it go.
func (w *worker) run() {
	defer w.publisher.Close()
	for w.p.take(w) {
		if w.parcel.rejection() != nil {
			w.reject()
			continue
		}
		w.publish()
	}
}

// publish makes one attempt. take has set the deadline.
func (w *worker) publish() {
	p, r := &w.parcel, w.parcel.lane.route
	w.request.Cache = r.cfg.Cache
	w.request.Topic = p.first.Topic
	w.request.Payload = w.payload()
	w.request.Text = r.cfg.Text
	w.request.Once = r.cfg.AtMostOnce
	a := w.publisher.Publish(&w.request)
	w.request.Payload = nil
	now := time.Now()
	r.publishSeconds.Observe(now.Sub(p.sent).Seconds())
	if a.Verdict == Accept {
		for e := p.first; e != nil; e = e.next {
			r.endToEndSeconds.Observe(now.Sub(e.Time).Seconds())
		}
		if r.cfg.Batch.Framing != nil {
			r.batchMessages.Observe(float64(p.n))
		}
	}
	if rejected := w.p.finish(now, w, a); rejected {
		w.reject()
	}
}

// payload is the message itself, or the batch, which is good until the next one.
func (w *worker) payload() []byte {
	framing := w.parcel.lane.route.cfg.Batch.Framing
	if framing == nil {
		return w.parcel.first.Payload
	}
	w.batch = w.batch[:0]
	for e := w.parcel.first; e != nil; e = e.next {
		w.batch = framing.Append(w.batch, e.Payload, e.size)
	}
	w.batch = framing.End(w.batch)
	return w.batch
}

// reject stores a message that can never be published as a dead letter, or drops it.
func (w *worker) reject() {
	e := w.parcel.first
	letters := w.parcel.lane.route.cfg.DeadLetters
	var err error
	if letters != nil {
		err = letters.Keep(&e.Message, *e.rejection)
	}
	w.p.finishRejected(time.Now(), w, letters != nil && err == nil, err)
}
