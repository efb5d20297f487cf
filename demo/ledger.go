package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"momento-bridge/batch"
)

// ledger follows every message of the demo from the generator to the endpoint. Its methods may be called concurrently.
type ledger struct {
	format string // Of the batches to the topics of orders; none: each publish is a message.

	mu         sync.Mutex // Guards the following.
	sent       []time.Time
	copies     []int // Accepted, by message number; notSent for those that NATS did not take.
	delivered  int   // Messages that have been accepted at least once.
	duplicates int
	failed     int // Not sent.
	coreLeft   int // Sent to core NATS, and not delivered.
	latencies  []time.Duration
}

// onCore reports whether the generator sends a message to core NATS: one of three. The others go to the stream.
func onCore(n int) bool { return n%3 == 2 }

// notSent marks a message that the generator could not send: it is no part of the accounts.
const notSent = -1

// recentLatencies is how many of the latest latencies are looked at.
const recentLatencies = 500

func newLedger(format string) *ledger { return &ledger{format: format} }

// unpack returns the messages of a publish. What cannot be taken apart was sent by hand, to the endpoint itself.
func (l *ledger) unpack(topic string, body []byte) [][]byte {
	if l.format != "none" && strings.HasPrefix(topic, "orders-") {
		if messages, err := batch.Split(batch.Format(l.format), body); err == nil {
			return messages
		}
	}
	return [][]byte{body}
}

// payload returns the payload of the next message.
func (l *ledger) payload() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, time.Now())
	l.copies = append(l.copies, 0)
	if onCore(len(l.sent) - 1) {
		l.coreLeft++
	}
	return fmt.Appendf(nil, `{"n":%d,"demo":"momento-bridge"}`, len(l.sent)-1)
}

// number returns the message's number, or false for a payload that is not the generator's. Called with the mutex held.
func (l *ledger) number(payload []byte) (int, bool) {
	text, ours := strings.CutPrefix(string(payload), `{"n":`)
	text, _, closed := strings.Cut(text, ",")
	n, err := strconv.Atoi(text)
	return n, ours && closed && err == nil && n >= 0 && n < len(l.sent)
}

// unsent takes note of a message that NATS did not take.
func (l *ledger) unsent(payload []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, ok := l.number(payload); ok && l.copies[n] == 0 {
		l.copies[n] = notSent
		l.failed++
		l.leaves(n, -1)
	}
}

// accepted takes note of a publish that the endpoint has accepted.
func (l *ledger) accepted(_, topic string, body []byte) {
	messages := l.unpack(topic, body)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		l.arrived(m)
	}
}

// arrived takes note of one message. Called with the mutex held.
func (l *ledger) arrived(payload []byte) {
	n, ok := l.number(payload)
	if !ok {
		return // Somebody else's, sent by hand.
	}
	if l.copies[n] == notSent { // NATS took it after all.
		l.copies[n] = 0
		l.failed--
		l.leaves(n, 1)
	}
	l.copies[n]++
	if l.copies[n] > 1 {
		l.duplicates++
		return
	}
	l.delivered++
	l.leaves(n, -1)
	l.latencies = append(l.latencies, time.Since(l.sent[n]))
	if len(l.latencies) > recentLatencies {
		l.latencies = slices.Delete(l.latencies, 0, len(l.latencies)-recentLatencies)
	}
}

// leaves changes how many messages of core NATS are left, if n is one of them. Called with the mutex held.
func (l *ledger) leaves(n, by int) {
	if onCore(n) {
		l.coreLeft += by
	}
}

// sums is the state of the accounts.
type sums struct {
	published, delivered, duplicates int

	coreLeft, streamLeft int // Not delivered yet, by where NATS has them from.
	lost                 int // Known at the end: what is left and nobody has any more.
}

// left is what is on its way, as long as nothing is lost.
func (s sums) left() int { return s.coreLeft + s.streamLeft }

// String is the demo's last line.
func (s sums) String() string {
	return fmt.Sprintf("published=%d delivered=%d lost=%d duplicates=%d", s.published, s.delivered, s.lost,
		s.duplicates)
}

func (l *ledger) sum() sums {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := sums{published: len(l.sent) - l.failed, delivered: l.delivered, duplicates: l.duplicates, coreLeft: l.coreLeft}
	s.streamLeft = s.published - s.delivered - s.coreLeft
	return s
}

// latency returns the median and the 99th percentile of the latest messages.
func (l *ledger) latency() (p50, p99 time.Duration) {
	l.mu.Lock()
	sorted := slices.Clone(l.latencies)
	l.mu.Unlock()
	if len(sorted) == 0 {
		return 0, 0
	}
	slices.Sort(sorted)
	return sorted[len(sorted)/2], sorted[len(sorted)*99/100]
}
