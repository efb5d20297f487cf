package momentosdk

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"momento-bridge/emulator"
)

const (
	text   = "text/plain"
	octets = "application/octet-stream"
)

// subscribe has each SDK subscribe to topics, and waits until it has.
func (w *witness) subscribe(key string, topics ...string) {
	w.t.Helper()
	for _, topic := range topics {
		for _, sdk := range sdks {
			w.tell(order{Do: "subscribe", SDK: sdk, Key: key, Cache: "c", Topic: topic})
		}
	}
	for _, topic := range topics {
		for _, sdk := range sdks {
			w.subscribed(sdk, topic)
		}
	}
}

func TestSDKsReadWhatIsPublished(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	w := newWitness(t, startGateway(t, e))
	tests := map[string]struct{ contentType, body string }{
		"text":                       {text, "hello"},
		"text in UTF-8":              {text + "; charset=utf-8", "\u00fc \u65e5 \U0001f600 \x00 \u2028 \ufeff"},
		"text that looks like JSON":  {text, `{"a":"\ud800"}`},
		"JSON":                       {"application/json", `{"a": 1.0}`},
		"bytes":                      {octets, "\x00\xff\xfe\x80"},
		"bytes that are valid UTF-8": {octets, "hello"},
		"no bytes":                   {octets, ""},
		"many bytes":                 {octets, strings.Repeat("\x00\xff7", 1000)},
	}
	w.subscribe(e.key, slices.Collect(maps.Keys(tests))...)
	for name, test := range tests {
		if err := e.publish(t.Context(), "c", name, test.contentType, test.body); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range tests {
		for _, sdk := range sdks {
			got := w.await(sdk, name, 1)[0]
			if got.On != "item" || got.Sequence != 1 {
				t.Errorf("%s: %s: its user is called with %+v, want item 1", name, sdk, got)
			}
			checkValue(t, name+": "+sdk, got, test.contentType, test.body)
		}
	}
}

// checkValue wants bytes for bytes, and a string for anything else.
func checkValue(t *testing.T, what string, got event, contentType, body string) {
	t.Helper()
	switch {
	case contentType == octets && (got.Binary == nil || string(*got.Binary) != body):
		t.Errorf("%s: the item is %+v, want the bytes %q", what, got, body)
	case contentType != octets && (got.Binary != nil || got.Text != body):
		t.Errorf("%s: the item is %+v, want the text %q", what, got, body)
	}
}

// A route without content_type publishes bytes. Whoever asks for a string then gets the numbers of the bytes.
func TestSDKsMakeNoTextOfBytes(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	w := newWitness(t, startGateway(t, e))
	w.subscribe(e.key, "bytes", "text")
	for topic, contentType := range map[string]string{"bytes": octets, "text": text} {
		if err := e.publish(t.Context(), "c", topic, contentType, "hello"); err != nil {
			t.Fatal(err)
		}
	}
	for topic, want := range map[string]string{"bytes": "104,101,108,108,111", "text": "hello"} {
		for _, sdk := range sdks {
			if got := w.await(sdk, topic, 1)[0]; got.String != want {
				t.Errorf("%s: %s: valueString is %q, want %q", topic, sdk, got.String, want)
			}
		}
	}
}

// The SDKs tell text from bytes by whether there is text. It is why check warns of messages without bytes as text.
func TestSDKsTakeAnEmptyTextForSomethingElse(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	w := newWitness(t, startGateway(t, e))
	w.subscribe(e.key, "t")
	for _, body := range []string{"", "next"} {
		if err := e.publish(t.Context(), "c", "t", text, body); err != nil {
			t.Fatal(err)
		}
	}
	node, web := w.await("node", "t", 2), w.await("web", "t", 2)
	if got := node[0]; got.On != "item" || got.Binary == nil || len(*got.Binary) > 0 {
		t.Errorf("Node's user is called with %+v, want an item of no bytes", got)
	}
	if got := web[0]; got.On != "error" || got.Code != "UNKNOWN_ERROR" {
		t.Errorf("the browser's user is called with %+v, want an unknown error", got)
	}
	for _, got := range []event{node[1], web[1]} { // The subscription goes on.
		if got.On != "item" || got.Text != "next" || got.Sequence != 2 {
			t.Errorf("then a user is called with %+v, want the next item", got)
		}
	}
}

// vector is a packed batch of batch's.
type vector struct {
	Name    string
	Publish []byte
}

func TestSDKsGiveBackPackedBatchesByteForByte(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}, MaxPayload: 64 << 10})
	w := newWitness(t, startGateway(t, e))
	file, err := os.ReadFile("../../batch/testdata/packed.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(file, &vectors); err != nil || len(vectors) < 20 {
		t.Fatalf("%d packed batches: %v", len(vectors), err)
	}
	w.subscribe(e.key, "t")
	for _, v := range vectors {
		if err := e.publish(t.Context(), "c", "t", octets, string(v.Publish)); err != nil {
			t.Fatal(err)
		}
	}
	for _, sdk := range sdks {
		for i, got := range w.await(sdk, "t", len(vectors)) {
			if got.On != "item" || got.Binary == nil || !bytes.Equal(*got.Binary, vectors[i].Publish) ||
				got.Sequence != uint64(i+1) {
				t.Errorf("%s: %s: its user is called with %+v", vectors[i].Name, sdk, got)
			}
		}
	}
}
