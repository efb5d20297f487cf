package cloudevents

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// vector is a message, and the event that envelope makes of it.
type vector struct{ Name, Payload, Event string }

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("../../envelope/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vs []vector
	if err := json.Unmarshal(text, &vs); err != nil {
		t.Fatal(err)
	}
	if len(vs) < 50 {
		t.Fatalf("only %d vectors", len(vs))
	}
	return vs
}

// textsOf returns the events.
func textsOf(vs []vector) []string {
	texts := make([]string, len(vs))
	for i, v := range vs {
		texts[i] = v.Event
	}
	return texts
}

// members are those of an event as JSON has them.
type members map[string]any

// membersOf reads an event, with numbers as they are written: data may have some that no float64 can be.
func membersOf(t testing.TB, event string) members {
	t.Helper()
	var m members
	decoder := json.NewDecoder(strings.NewReader(event))
	decoder.UseNumber()
	if err := decoder.Decode(&m); err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return m
}

// text returns a member that is a string; empty: there is none.
func (m members) text(name string) string {
	s, _ := m[name].(string)
	return s
}

// bytes returns data_base64, and whether there is one.
func (m members) bytes() ([]byte, bool) {
	s, ok := m["data_base64"].(string)
	if !ok {
		return nil, false
	}
	data, err := base64.StdEncoding.DecodeString(s)
	return data, err == nil
}
