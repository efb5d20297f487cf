package source

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/envelope"
	"momento-bridge/pipeline"
)

func wrapperFor(empty bool, stream string, p *Partitions) *wrapper {
	e := Envelope{Config: envelope.Config{Source: "/nats/S", Type: "t", Headers: []string{"*"}}, Empty: empty}
	return e.wrapper(stream, p)
}

// eventOf returns what a message of a stream becomes, and how its own payload comes back.
func eventOf(w *wrapper, payload string, header nats.Header) (event, back string) {
	message := pipeline.Message{Payload: []byte(payload), Time: time.Unix(0, 1)}
	data := w.wrap(&message, &nats.Msg{Subject: "s", Data: []byte(payload), Header: header}, 7)
	return string(message.Payload), string(data.Payload(message.Payload))
}

func TestMessagesWithoutBytesBecomeEventsWhereTheyArePublished(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		w       *wrapper
		payload string
		event   bool
	}{
		"without an envelope":            {nil, "x", false},
		"a message":                      {wrapperFor(false, "S", nil), "x", true},
		"an empty one that is not":       {wrapperFor(false, "S", nil), "", false},
		"an empty one that is published": {wrapperFor(true, "S", nil), "", true},
	} {
		event, back := eventOf(c.w, c.payload, nil)
		if got := strings.HasPrefix(event, `{"specversion":"1.0"`); got != c.event || !got && event != c.payload {
			t.Errorf("%s: published is %q", name, event)
		}
		if back != c.payload {
			t.Errorf("%s: the payload comes back as %q", name, back)
		}
	}
}

func TestEventsOfPartitionsAreCalledAsInTheStream(t *testing.T) {
	t.Parallel()
	w := wrapperFor(false, "P", &Partitions{Stream: "P", Source: "S"})
	event, _ := eventOf(w, "x", nats.Header{sourceHeader: {"S:abc 42 s s"}})
	if !strings.Contains(event, `"id":"S:42:1"`) {
		t.Errorf("the event is %s, want S:42 in its id", event)
	}
}

// What the bridge and NATS have added to a dead letter is not its message's.
func TestReplayedDeadLettersBecomeTheEventsOfTheirMessages(t *testing.T) {
	t.Parallel()
	w := wrapperFor(false, "S", nil)
	want, _ := eventOf(w, "x", nats.Header{"X-Tenant": {"acme"}})
	replayed := func(header nats.Header, at time.Time) string {
		message := pipeline.Message{Payload: []byte("x"), Time: storedAt(header)}
		w.wrapLetter(&message, &jetstream.RawStreamMsg{Header: header, Time: at})
		return string(message.Payload)
	}
	letter := nats.Header{
		"X-Tenant": {"acme"}, "Nats-Msg-Id": {"r:S:7:1"}, ourPrefix + "Stream": {"S"}, ourPrefix + "Sequence": {"7"},
		ourPrefix + "Subject": {"s"}, ourPrefix + "Reason": {"too_large"},
	}
	if got := replayed(letter, time.Unix(9, 0)); got != want {
		t.Errorf("the dead letter becomes\n%s\nwant\n%s", got, want)
	}
	core := nats.Header{ourPrefix + "Subject": {"s"}}
	if got := replayed(core, time.Unix(9, 0)); !strings.Contains(got, `"time":"1970-01-01T00:00:09Z"`) {
		t.Errorf("the dead letter of core NATS becomes %s, want the time when it was kept", got)
	}
}
