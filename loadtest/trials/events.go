package trials

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"

	"momento-bridge/loadtest/search"
)

// pack writes events as text: for each the time since the one before and that until the answer, in nanoseconds.
func pack(events []search.Event) string {
	var raw []byte
	before := int64(0)
	for _, e := range events {
		at := nanoseconds(e.At)
		took := (nanoseconds(e.Answered) - at) << 1
		if e.Refused {
			took |= 1
		}
		raw = binary.AppendVarint(binary.AppendVarint(raw, at-before), took)
		before = at
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func nanoseconds(seconds float64) int64 { return int64(math.Round(seconds * 1e9)) }

var errEvents = errors.New("the events of a trial are damaged")

// unpack reads what pack has written.
func unpack(text string) ([]search.Event, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errEvents
	}
	var events []search.Event
	for at := int64(0); len(raw) > 0; {
		since, n := binary.Varint(raw)
		if n <= 0 {
			return nil, errEvents
		}
		took, m := binary.Varint(raw[n:])
		if m <= 0 {
			return nil, errEvents
		}
		raw, at = raw[n+m:], at+since
		events = append(events, search.Event{
			At: float64(at) / 1e9, Answered: float64(at+took>>1) / 1e9, Refused: took&1 == 1,
		})
	}
	return events, nil
}
