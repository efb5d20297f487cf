package momentosdk

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"momento-bridge/emulator"
)

// TestSDKsAreToldOfGaps has a subscriber fall behind until the emulator has forgotten what comes next.
func TestSDKsAreToldOfGaps(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	g := startGateway(t, e)
	w := newWitness(t, g)
	w.subscribe(e.key, "t")
	publish := func(n, size int) {
		for range n {
			if err := e.publish(t.Context(), "c", "t", octets, strings.Repeat("x", size)); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(1, 1)
	for _, sdk := range sdks {
		w.await(sdk, "t", 1)
	}
	g.hold.Lock()
	publish(100, 4096)
	g.hold.Unlock()
	for _, sdk := range sdks {
		var last event
		told := false
		for _, got := range w.until(sdk, "t", func(events []event) ([]event, bool) {
			kept := without(events, "heartbeat")
			return kept, kept[len(kept)-1].Sequence == 101
		}) {
			switch {
			case got.On == "item" && got.Sequence == last.Sequence+1:
			case got.On == "item" && last.On == "discontinuity" && got.Sequence == last.New:
			case got.On == "discontinuity" && got.Last == last.Sequence && got.New > got.Last+1 && got.Page > 0:
				told = true
			default:
				t.Errorf("%s: its user is called with %+v after %+v", sdk, got, last)
			}
			last = got
		}
		if !told {
			t.Errorf("%s: its user is told of no discontinuity", sdk)
		}
	}
}

// scripted answers the long polls of each topic with what is written, and then not at all.
type scripted struct {
	mu   sync.Mutex
	left map[string][]string
}

func startScripted(t *testing.T, answers map[string][]string) endpoint {
	t.Helper()
	s := &scripted{left: map[string][]string{}}
	for topic, texts := range answers {
		for _, sdk := range sdks {
			s.left[sdk+" "+topic] = texts
		}
	}
	return endpoint{url: serve(t, s)}
}

// ServeHTTP implements http.Handler. The SDKs have different keys.
func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	topic := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	name := r.Header.Get("Authorization") + " " + topic
	s.mu.Lock()
	texts := s.left[name]
	if len(texts) > 0 {
		s.left[name] = texts[1:]
	}
	s.mu.Unlock()
	if len(texts) == 0 {
		<-r.Context().Done()
		return
	}
	fmt.Fprintf(w, `{"items":[%s]}`, texts[0])
}

// What Momento's documents say may come, and the emulator does not by itself.
func TestSDKsReadWhatTheDocumentsSayMayCome(t *testing.T) {
	t.Parallel()
	answers := map[string][]string{
		"documented-item": {`{"item":{"sequence_page":3,"topic_sequence_number":0,"value":{"text":"hello world"}}}`},
		"documented-gap": {`{"discontinuity":{"last_topic_sequence":100,"new_topic_sequence":104,` +
			`"new_sequence_page":1748358253}},{"item":{"topic_sequence_number":104,"sequence_page":1748358253,` +
			`"value":{"text":"hello world"}}}`},
		"unknown-last": {`{"discontinuity":{"last_topic_sequence":0,"new_topic_sequence":7,"new_sequence_page":9}}`},
		"publisher": {`{"item":{"topic_sequence_number":5,"sequence_page":1,"publisher_id":"bridge-1",` +
			`"value":{"binary":"/w=="}}}`},
		"large": {`{"item":{"topic_sequence_number":9007199254740991,"sequence_page":9007199254740991,` +
			`"value":{"text":"2^53-1"}}}`},
		"too-large": {`{"item":{"topic_sequence_number":2,"sequence_page":9223372036854775809,` +
			`"value":{"text":"2^63+1"}}}`},
	}
	ff := []byte{0xff}
	const page = 1748358253
	want := map[string][]event{
		"documented-item": {{On: "item", Text: "hello world"}},
		"documented-gap": {
			{On: "discontinuity", Last: 100, New: 104, Page: page}, {On: "item", Text: "hello world", Sequence: 104},
		},
		"unknown-last": {{On: "discontinuity", New: 7, Page: 9}},
		"publisher":    {{On: "item", Binary: &ff, Sequence: 5, Publisher: "bridge-1"}},
		"large":        {{On: "item", Text: "2^53-1", Sequence: 1<<53 - 1}},
		"too-large":    {{On: "item", Text: "2^63+1", Sequence: 2}},
	}
	// Where the SDK goes on when the stream has ended. After a discontinuity it does not ask for the message that the
	// discontinuity announces, and of 64 bits it keeps 53.
	next := map[string]request{
		"documented-item": {sequence: 1, page: 3},
		"documented-gap":  {sequence: 105, page: page},
		"unknown-last":    {sequence: 8, page: 9},
		"publisher":       {sequence: 6, page: 1},
		"large":           {sequence: 1 << 53, page: 1<<53 - 1},
		"too-large":       {sequence: 3, page: 1 << 63},
	}
	g := startGateway(t, startScripted(t, answers))
	w := newWitness(t, g)
	for topic := range answers {
		for _, sdk := range sdks {
			w.tell(order{Do: "subscribe", SDK: sdk, Key: sdk, Cache: "c", Topic: topic})
		}
	}
	for topic := range answers {
		for _, sdk := range sdks {
			for i, got := range w.await(sdk, topic, len(want[topic])) {
				if !same(got, want[topic][i]) {
					t.Errorf("%s: %s: its user is called with %+v, want %+v", topic, sdk, got, want[topic][i])
				}
			}
			got := g.resumed(t, sdk, topic)
			if got.sequence != next[topic].sequence || got.page != next[topic].page {
				t.Errorf("%s: %s: goes on at %d of page %d, want %d of %d", topic, sdk, got.sequence, got.page,
					next[topic].sequence, next[topic].page)
			}
		}
	}
}

// same reports whether users are called with the same.
func same(a, b event) bool {
	if (a.Binary == nil) != (b.Binary == nil) || a.Binary != nil && string(*a.Binary) != string(*b.Binary) {
		return false
	}
	b.SDK, b.Port, b.Topic, b.Binary, b.String = a.SDK, a.Port, a.Topic, a.Binary, a.String
	return a == b
}
