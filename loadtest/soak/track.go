package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"momento-bridge/canary"
	"momento-bridge/sink"
)

const (
	// lostAfter is how long a message may be under way: the bridge keeps what the endpoint does not take for a while.
	lostAfter = 5 * time.Minute
	// mostRemembered bounds the messages under way of all topics together.
	mostRemembered = 1 << 18
	longest        = int64(time.Hour / time.Microsecond)
)

// track follows the messages of one topic. It may be used concurrently.
type track struct {
	topic    string
	remember int

	mu       sync.Mutex // Guards the following.
	replica  string
	book     *canary.Book
	interval *hdrhistogram.Histogram // Since the last sample, in microseconds.
	all      *hdrhistogram.Histogram
	last     time.Time // When something came.
	gaps     int
	over     bool          // The soak ended early, and what comes from now on is not counted.
	left     int           // Messages that were on their way then.
	ready    chan struct{} // Closed when a first message has come.
	heard    bool
	deaf     error // Why the last poll has failed.
}

func newTrack(topic string, rate float64, topics int) *track {
	t := &track{topic: topic, ready: make(chan struct{})}
	share := 1 / float64(topics)
	t.remember = int(min(mostRemembered*share, 1024+1.5*rate*share*lostAfter.Seconds()))
	t.begin()
	return t
}

// begin opens a new book. What was sent before is foreign.
func (t *track) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.replica, t.interval, t.all = canary.NewReplica(), newHistogram(), newHistogram()
	t.book = canary.NewBook(canary.Settings{Replica: t.replica, Lost: lostAfter, Remember: t.remember})
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, 2) }

// next enters a message and returns what it says.
func (t *track) next(now time.Time) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.book.Sent(now, t.book.Next()).Bytes()
}

// padded makes a message as long as asked for. What it says ends with the line.
func padded(says []byte, size int) []byte {
	if len(says)+1 >= size {
		return says
	}
	return append(append(says, '\n'), bytes.Repeat([]byte{'.'}, size-len(says)-1)...)
}

func payloadOf(value []byte) (canary.Payload, error) {
	line, _, _ := bytes.Cut(value, []byte{'\n'})
	return canary.Read(line)
}

// received enters what a subscriber got.
func (t *track) received(item sink.Item) {
	p, err := payloadOf(item.Value)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil || p.Replica != t.replica || t.over {
		return // Others may use the topic.
	}
	r := t.book.Seen(item.At, p)
	if t.last = item.At; !t.heard {
		t.heard = true
		close(t.ready)
	}
	if r.Kind != canary.Seen {
		return
	}
	took := min(max(r.Latency.Microseconds(), 1), longest)
	_ = t.interval.RecordValue(took) // Within its range.
	_ = t.all.RecordValue(took)
}

// notTaken expects nothing more of a message that NATS has not taken.
func (t *track) notTaken(p canary.Payload) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return p.Replica == t.replica && t.book.Withdraw(p.Number)
}

// deafness says why the subscriber has not heard anything; empty: for no reason that it knows.
func (t *track) deafness() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deaf == nil {
		return ""
	}
	return fmt.Sprintf("; the subscriber to the topic %s could not listen: %v", t.topic, t.deaf)
}

// listen is the subscriber.
func (t *track) listen(ctx context.Context, c *Config) error {
	err := c.Subscribe(ctx, sink.Subscription{
		Cache: c.Cache, Topic: t.topic, Received: t.received, Gap: func(int) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.gaps++
		},
		Failed: func(err error) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.deaf = err
		},
		Brief: true,
	})
	if refused, ok := errors.AsType[*sink.SubscribeError](err); ok && ctx.Err() == nil {
		return refused
	}
	return nil
}

// add adds what is known of the topic, and returns when something came last.
func (t *track) add(now time.Time, d *Delivery, times *hdrhistogram.Histogram) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.book.Due(now)
	c := t.book.Counts()
	d.Sent += int(c.Sent - c.Withdrawn)
	d.Delivered += int(c.Seen)
	d.Lost += int(c.Lost - c.Found)
	d.Late += int(c.Found)
	d.Duplicates += int(c.Duplicates)
	d.Reordered += int(c.Reordered)
	d.NotTaken += int(c.Withdrawn) - t.left
	d.UnderWay += int(c.UnderWay) + t.left
	d.Discontinuities += t.gaps
	if times != nil {
		times.Merge(t.interval)
		t.interval.Reset()
	}
	return t.last
}

func (t *track) addAll(times *hdrhistogram.Histogram) {
	t.mu.Lock()
	defer t.mu.Unlock()
	times.Merge(t.all)
}

// leave counts no more what is on its way: it was not waited for, and nobody knows what becomes of it.
func (t *track) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.book.Due(time.Now())
	t.left, t.over = t.book.WithdrawAll(), true
}

// lose declares lost what has not come by now.
func (t *track) lose() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.book.Due(time.Now().Add(2 * lostAfter))
}
