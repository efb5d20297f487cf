package envelope

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// vector is a message, and the event that is made of it.
type vector struct {
	Name    string
	Subject string
	Stream  string
	Number  uint64
	Header  map[string][]string
	Payload string
	Event   string
}

// stored is when the messages of the vectors were stored.
var stored = time.Date(2026, 11, 29, 18, 30, 0, 123456789, time.UTC)

// vectors are read by test/cloudevents, too, with the official SDKs.
func vectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vs []vector
	if err := json.Unmarshal(text, &vs); err != nil {
		t.Fatal(err)
	}
	return vs
}

func newMaker() *Maker {
	return New(Config{
		Source: SourceOf("hub", "ORDERS"), Type: "momento-bridge.orders",
		Headers: []string{"X-Tenant", "X-Retry-Count", "Trace.Id"},
	})
}

func TestEventsAreWhatTheVectorsSay(t *testing.T) {
	t.Parallel()
	vs := vectors(t)
	for i := range vs {
		v := &vs[i]
		m := &Message{
			Subject: v.Subject, Stream: v.Stream, Sequence: v.Number, Time: stored, Header: v.Header,
			Payload: []byte(v.Payload),
		}
		event, data := newMaker().Make(m)
		if *update {
			v.Event = string(event)
		}
		if string(event) != v.Event {
			t.Errorf("%s: the event is\n%s\nwant\n%s", v.Name, event, v.Event)
		}
		if payload := data.Payload(event); string(payload) != v.Payload {
			t.Errorf("%s: the payload comes back as %q, want %q", v.Name, payload, v.Payload)
		}
	}
	if *update {
		write(t, vs)
	}
}

func TestMessagesWithoutSequenceHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	idOf := func(m *Maker, header map[string][]string) string {
		event, _ := m.Make(&Message{Subject: "s", Time: stored, Header: header})
		var e struct{ ID string }
		if err := json.Unmarshal(event, &e); err != nil || e.ID == "" {
			t.Errorf("%s has the id %q, %v", event, e.ID, err)
		}
		return e.ID
	}
	first, second := newMaker(), newMaker()
	seen := map[string]bool{}
	for range 3 {
		for _, m := range []*Maker{first, second} {
			id := idOf(m, nil)
			if seen[id] {
				t.Errorf("the id %s is that of two messages", id)
			}
			seen[id] = true
		}
	}
	if id := idOf(first, map[string][]string{"Nats-Msg-Id": {"a\"b"}}); id != `a"b` {
		t.Errorf("a message that has a name of its own has the id %q", id)
	}
	if id := idOf(first, map[string][]string{"Nats-Msg-Id": {"a\x01"}}); !strings.HasSuffix(id, ":4") {
		t.Errorf("a message whose name cannot be an id has %q", id)
	}
}

func TestAllHeadersThatCanBecomeAttributes(t *testing.T) {
	t.Parallel()
	m := New(Config{Source: "/nats", Type: "t", Headers: []string{"*"}})
	event, _ := m.Make(&Message{Subject: "s", Stream: "S", Sequence: 1, Time: stored, Header: map[string][]string{
		"X-A": {"1"}, "x_a": {"2"}, "Nats-Msg-Id": {"id"}, "Id": {"id"}, "Content-Type": {"text/plain"},
		"A-Name-That-Is-Far-Too-Long": {"x"}, "Several": {"a", "b"}, "Bad": {"\xff"}, "None": {},
		"Empty": {""}, "--": {"x"},
	}})
	want := `,"datacontenttype":"text/plain","empty":"","several":"a,b","xa":"1"}`
	if !strings.HasSuffix(string(event), want) {
		t.Errorf("the event is %s, want at its end %s", event, want)
	}
}

func TestTheOrderOfHeadersDoesNotMatter(t *testing.T) {
	t.Parallel()
	header := map[string][]string{
		"x-tenant": {"3"}, "X-Tenant": {"1"}, "X-tenant": {"2"}, "content-type": {"text/a"}, "Content-Type": {"text/b"},
		"traceparent": {"b"}, "Traceparent": {"a"},
	}
	m := newMaker()
	for range 50 {
		event, _ := m.Make(&Message{
			Subject: "s", Stream: "S", Sequence: 1, Time: stored, Header: header, Payload: []byte("x"),
		})
		want := `"datacontenttype":"text/b","traceparent":"a","xtenant":"1","data":"x"}`
		if !strings.HasSuffix(string(event), want) {
			t.Fatalf("the event is %s, want at its end %s", event, want)
		}
	}
}

func TestManyNamesOfHeadersAreNotRemembered(t *testing.T) {
	t.Parallel()
	m := New(Config{Headers: []string{"*"}})
	for i := range 3 * mostRoles {
		name := "h" + strings.Repeat("x", i%10) + string(rune('a'+i%26)) + strings.Repeat("0", i/26%9)
		m.Make(&Message{Header: map[string][]string{name + strings.Repeat("-", i): {"v"}}})
	}
	if len(m.roles) > mostRoles {
		t.Errorf("%d names are remembered, at most %d should be", len(m.roles), mostRoles)
	}
}

func TestHeadersThatCanBeNoAttributesAreExplained(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"X-Tenant": "xtenant", "a.b_c d": "abcd", "9": "9", "Größe": "gre",
		"--": "", "Content-Type-Of-A-Message": "", "ID": "", "Trace-Parent": "", "Data": "", "Schema-Url": "",
		"content-type": "", "Ce-Kind": "",
	} {
		got, err := Attribute(header)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("the attribute of %s is %q, %v, want %q", header, got, err, want)
		}
	}
}

func TestSourcesAreReferences(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		SourceOf(), SourceOf("", "ORDERS"), SourceOf("hub", "a b%\"ü[]#?"), SourceOf("orders.eu"), SourceOf("a:b/c"),
	} {
		if !isReference(source) {
			t.Errorf("%s is not a URI reference", source)
		}
	}
}
