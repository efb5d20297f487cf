package loadtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// A stamped payload is a JSON array of one string, so that it stays as it is in each of the bridge's batch formats, and
// can be found in all of them:
//
//	["mb1 run:8 number:8 sent:12 padding"]     in hexadecimal digits, without the spaces
//
// The number counts the messages of a topic from 0; sent is the time since the test began, in nanoseconds.
const (
	stampMark  = "mb1"
	runDigits  = 8
	seqDigits  = 8
	timeDigits = 12
	stampSize  = len(stampMark) + runDigits + seqDigits + timeDigits
	// LeastStamped is the size of the smallest payload that can be followed through the bridge.
	LeastStamped = stampSize + 4
	// hello is the number of messages that only try the way.
	hello = 1<<(4*seqDigits) - 1
)

// newRun returns what tells the messages of one test from those of all others.
func newRun() string { return fmt.Sprintf("%s%0*x", stampMark, runDigits, rand.Uint32()) }

// stamped returns a payload of a size.
func stamped(run string, number int, sent time.Duration, padding []byte) []byte {
	text := make([]byte, 0, LeastStamped+len(padding))
	text = fmt.Appendf(text, `["%s%0*x%0*x`, run, seqDigits, number, timeDigits, int64(sent))
	text = append(text, padding...)
	return append(text, `"]`...)
}

// readStamps calls do for each stamp of a run in a payload, which may be a batch.
func readStamps(run string, payload []byte, do func(number int, sent time.Duration)) {
	for {
		i := bytes.Index(payload, []byte(run))
		if i < 0 || len(payload) < i+stampSize {
			return
		}
		payload = payload[i+len(run):]
		number, err1 := strconv.ParseUint(string(payload[:seqDigits]), 16, 32)
		sent, err2 := strconv.ParseInt(string(payload[seqDigits:seqDigits+timeDigits]), 16, 64)
		if err1 == nil && err2 == nil {
			do(int(number), time.Duration(sent))
		}
	}
}
