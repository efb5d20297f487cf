package cloudevents

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"momento-bridge/envelope"
)

// The Go SDK reads back whatever a message is, with the message's payload as data.
func FuzzTheGoSDKReadsAnyMessage(f *testing.F) {
	f.Add("s.a", []byte(`{"n":1}`), "application/json", "", "", "", "", "X", "1")
	f.Add("s.\xff", []byte("\xff"), "text/plain; charset=utf-8", "a", "/s?a#b", "t", "2018-04-05T17:31:00Z", "x", "\"")
	f.Add("s", []byte(`"text"`), "text/json", "%41", "urn:a:b", "t", "", "ce-x", "1")
	f.Add("s", []byte("text\n\u2028"), "text/xml", " ", "http://[::1]/", "t", "x", "traceparent", "00-a")
	f.Fuzz(func(t *testing.T, subject string, payload []byte, contentType, id, source, kind, at, name, value string) {
		header := map[string][]string{
			"Content-Type": {contentType}, "ce-specversion": {"1.0"}, "ce-id": {id}, "ce-source": {source},
			"ce-type": {kind}, name: {value},
		}
		if at != "" {
			header["ce-time"] = []string{at}
		}
		read(t, subject, header, payload)
	})
}

// The Go SDK reads back what claims to be an event, whether it is passed on as it is or becomes data.
func FuzzTheGoSDKReadsAnyStructuredEvent(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Event))
		f.Add([]byte(v.Payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		read(t, "s", map[string][]string{"Content-Type": {"application/cloudevents+json"}}, payload)
	})
}

// read has an event made of a message, and looks at what the SDK makes of that.
func read(t *testing.T, subject string, header map[string][]string, payload []byte) {
	t.Helper()
	m := envelope.New(envelope.Config{Source: envelope.SourceOf("S"), Type: "t", Headers: []string{"*"}})
	text, data := m.Make(&envelope.Message{
		Subject: subject, Stream: "S", Sequence: 1, Time: time.Unix(1, 2), Header: header, Payload: payload,
	})
	if got := data.Payload(text); !bytes.Equal(got, payload) {
		t.Errorf("the payload comes back as %q, want %q", got, payload)
	}
	if vendors(t, string(text)) {
		return
	}
	var e event.Event
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("refused: %v: %s", err, text)
	}
	if why := wrong(t, &e, string(text)); why != "" {
		t.Errorf("%s: %s", why, text)
	}
}

// vendors reports whether an event came with JSON data of a type that this SDK does not take for JSON, against the
// specification: it is passed on as it is.
func vendors(t *testing.T, text string) bool {
	m := membersOf(t, text)
	_, isText := m["data"].(string)
	return m["data"] != nil && !isText && !isJSON(m.text("datacontenttype"))
}
