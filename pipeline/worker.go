package pipeline

import "time"

// worker makes one publish at a time.
type worker struct {
	taker
	p         *Pipeline
	publisher Publisher
	parcel    parcel
	batch     []byte // Reused.
	request   Request
	busySince time.Time // When it took its parcel; zero while it has none. Guarded by the pipeline's mutex.

	did     deed // To be handed back:
	answer  Answer
	at      time.Time // When it came.
	kept    bool      // The dead letter is safe,
	keepErr error     // or could not be stored.
}

// deed is what a worker has done with its parcel.
type deed uint8

const (
	nothing deed = iota
	published
	keptLetter
)

// run publishes until the pipeline lets it go.
func (w *worker) run() {
	defer w.publisher.Close()
	for w.p.next(w) {
		if w.parcel.rejection() != nil {
			w.did = keptLetter
			w.kept, w.keepErr = w.parcel.keep()
			continue
		}
		w.publish()
	}
}

// now is the time, as far as the worker knows it.
func (w *worker) now() time.Time {
	if w.did == published {
		return w.at
	}
	return time.Now()
}

// publish makes one attempt. next has set the deadline.
func (w *worker) publish() {
	w.batch = w.parcel.fill(&w.request, w.batch)
	w.answer = w.publisher.Publish(&w.request)
	w.request.Payload = nil
	w.did, w.at = published, time.Now()
	w.parcel.observe(w.at, w.answer.Verdict == Accept)
}
