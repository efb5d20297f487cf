package loadtest

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"momento-bridge/loadtest/report"
)

// track follows the messages of one topic. It may be used concurrently.
type track struct {
	subject, topic string

	// Guards the following. Held while a message is handed to NATS, so that numbers and messages are in the same order.
	mu        sync.Mutex
	messages  []mark // By number.
	sent      int    // Messages that NATS has taken, or that have come.
	came      int    // Messages that have come, each once.
	twice     int    // Further copies.
	reordered int    // Messages that came after a later one.
	gaps      int
	newest    int       // The greatest number that has come; -1: none has.
	last      time.Time // When something came.
	times     *hdrhistogram.Histogram
	ready     chan struct{} // Closed when a first message has come through.
	heard     bool
}

// mark is what is known of a message.
type mark uint8

const (
	taken mark = 1 << iota // By NATS.
	got
)

func newTrack(subject, topic string) *track {
	return &track{
		subject: subject, topic: topic, newest: -1,
		times: hdrhistogram.New(1, int64(time.Hour/time.Microsecond), 2), ready: make(chan struct{}),
	}
}

// number returns the next message's number. The caller holds the mutex.
func (t *track) number() int {
	t.messages = append(t.messages, 0)
	return len(t.messages) - 1
}

// took notes that NATS has taken a message.
func (t *track) took(number int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mark(number, taken)
}

// mark adds to what is known of a message. The caller holds the mutex.
func (t *track) mark(number int, what mark) {
	if t.messages[number] == 0 {
		t.sent++
	}
	t.messages[number] |= what
}

// received notes that a message has come. sent and at are on the same clock.
func (t *track) received(number int, sent, at time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = time.Now()
	switch {
	case number == hello:
		if !t.heard {
			t.heard = true
			close(t.ready)
		}
		return
	case number >= len(t.messages): // Nobody sent it: it is damaged, or somebody plays.
		return
	case t.messages[number]&got != 0:
		t.twice++
		return
	}
	t.mark(number, got)
	t.came++
	if number < t.newest {
		t.reordered++
	}
	t.newest = max(t.newest, number)
	_ = t.times.RecordValue(min(max((at-sent).Microseconds(), 0), t.times.HighestTrackableValue())) // Within its range.
}

// gap notes that the endpoint says that the topic's sequence is broken.
func (t *track) gap() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gaps++
}

// add adds what is known to a report, without the latencies, and returns when something came last.
func (t *track) add(to *report.Delivery) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	to.Sent += t.sent
	to.Delivered += t.came
	to.Lost += t.sent - t.came
	to.Duplicates += t.twice
	to.Reordered += t.reordered
	to.Discontinuities += t.gaps
	return t.last
}

// addTimes adds the latencies to a distribution.
func (t *track) addTimes(to *hdrhistogram.Histogram) {
	t.mu.Lock()
	defer t.mu.Unlock()
	to.Merge(t.times)
}
