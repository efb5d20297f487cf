package envelope

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"momento-bridge/batch"
)

// Whatever a message is, its event is JSON that a batch embeds as it is, names an event of this version once, and gives
// the payload back. test/cloudevents fuzzes the same with an SDK as the reader.
func FuzzEventsAreJSONAndGiveThePayloadBack(f *testing.F) {
	f.Add("s", []byte(`{"a":1}`), "Content-Type", "application/json", "ce-id", "1")
	f.Add("s.\xff", []byte("\x00"), "ce-type", "%41", "X", "\x7f")
	f.Add("", []byte(" {\"specversion\":\"1.0\"}"), "content-type", "application/cloudevents+json", "traceparent", "")
	f.Fuzz(func(t *testing.T, subject string, payload []byte, name, value, other, text string) {
		m := New(Config{Source: SourceOf("S"), Type: "t", Headers: []string{"*"}})
		event, data := m.Make(&Message{
			Subject: subject, Stream: "S", Sequence: 1, Time: time.Unix(0, int64(len(payload))), Payload: payload,
			Header: map[string][]string{name: {value}, other: {text, value}},
		})
		if !utf8.Valid(event) || !batch.Within(event, batch.Deepest) {
			t.Errorf("the event is not UTF-8, or nested too deep: %q", event)
		}
		var e struct{ Specversion string }
		if err := json.Unmarshal(event, &e); err != nil || e.Specversion != "1.0" {
			t.Errorf("the event is %q: %v", event, err)
		}
		framing, err := batch.Parse("json")
		if err != nil {
			t.Fatal(err)
		}
		if size, err := framing.Size(event); err != nil || size != len(event)+1 {
			t.Errorf("a batch does not embed the event %q", event)
		}
		if got := data.Payload(event); string(got) != string(payload) {
			t.Errorf("the payload comes back as %q, want %q", got, payload)
		}
	})
}
