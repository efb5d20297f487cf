package simulation

import (
	"bytes"
	"fmt"
	"strconv"
)

// message is one that somebody has published to NATS.
type message struct {
	id       int
	route    *route
	topic    string
	place    int // Among those of its route.
	sequence uint64
	fate     fate

	said      int64    // When NATS last sent it to a daemon.
	given     int64    // When it was last delivered to a daemon; 0: never.
	givens    int      // How often,
	givenTo   *replica // and to whom: what was sent to another one before, and comes after that, does not count.
	givenAs   int64    // When that was sent.
	past      past
	attempts  int
	accepted  []*attempt
	unclear   int   // Attempts of which no daemon learned what became of them.
	knownAt   int64 // When a daemon first learned that it was accepted.
	knownBy   *replica
	acked     int64 // When NATS got its acknowledgement.
	returned  int64 // When it was handed back last,
	own       bool  // and whether by the one that it was given to.
	backLost  bool  // NATS has lost one of these: it comes after ack_wait, behind what was handed back with it.
	ended     int64 // Terminated, or acknowledged without a publish.
	letters   int   // Dead letters,
	stored    bool  // one of which is stored.
	refusals  int   // Answers that refused it for good.
	forgotten bool  // It was purged, or went with a killed daemon: nothing is promised.
}

// fate is what should become of a message.
type fate int

const (
	fateAccept fate = iota
	fateReject      // The endpoint refuses it for good.
	fateLarge       // It is larger than max_payload.
)

// payloads begin with the mark and the message's number, so that they are known wherever they turn up.
const (
	mark       = "#"
	markLength = 1 + 8
)

func (m *message) payload(size int, fill byte) []byte {
	b := fmt.Appendf(nil, "%s%08d", mark, m.id)
	if m.fate == fateReject {
		b = append(b, '!')
	}
	for len(b) < size {
		b = append(b, fill)
	}
	return b
}

// find returns the message that a payload is of.
func (t *truth) find(payload []byte) *message {
	payload = bytes.Trim(payload, `"`) // As JSON has it.
	if len(payload) < markLength || !bytes.HasPrefix(payload, []byte(mark)) {
		return nil
	}
	id, err := strconv.Atoi(string(payload[1:markLength]))
	if err != nil || id < 0 || id >= len(t.messages) {
		return nil
	}
	return t.messages[id]
}

// poison reports whether the endpoint refuses a publish for good.
func (a *attempt) poison() bool {
	for _, m := range a.messages {
		if m.fate == fateReject {
			return true
		}
	}
	return false
}

// finished reports whether a message has come to an end that it may have.
func (m *message) finished() bool {
	switch {
	case m.forgotten:
		return true
	case len(m.accepted) > 0 && (m.route.stream == "" || m.acked > 0 || m.ended > 0):
		return true
	case m.route.stream == "":
		return true // Core NATS promises nothing of what it drops; see lostCore.
	case m.route.drops && m != m.route.latest[m.topic] && (m.acked > 0 || m.ended > 0):
		return true
	case m.fate != fateAccept || m.refusals > 0:
		return m.acked > 0 || m.ended > 0
	case m.route.atMostOnce && m.unclear > 0:
		return m.acked > 0 || m.ended > 0
	case m.letters > 0:
		return m.acked > 0 || m.ended > 0
	}
	return false
}

// String tells what is known of a message.
func (m *message) String() string {
	return fmt.Sprintf("%d of route %s, topic %s, stream sequence %d: delivered %d times, tried %d times, "+
		"accepted %d times, unclear %d times, acknowledged %v, ended %v, dead letters %d",
		m.id, m.route.name, m.topic, m.sequence, m.givens, m.attempts, len(m.accepted), m.unclear,
		m.acked > 0, m.ended > 0, m.letters)
}
