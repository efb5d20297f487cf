package envelope

import (
	"testing"
	"time"
)

var cases = []struct {
	name        string
	header      map[string][]string
	payload     string
	allocations float64
}{
	{"json", map[string][]string{"Content-Type": {"application/json"}}, `{"id":7,"price":1.50}`, 1},
	{"sniffed", nil, `{"id":7,"price":1.50}`, 1},
	{"bytes", nil, "\xff\x00", 1},
	{"text", map[string][]string{"Content-Type": {"text/plain"}}, "line\nline", 1},
	{"headers", map[string][]string{
		"X-Tenant": {"acme"}, "X-Retry-Count": {"3"}, "Other": {"o"},
		"traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	}, `{"id":7}`, 1},
	{"binary", map[string][]string{
		"ce-specversion": {"1.0"}, "ce-id": {"a"}, "ce-source": {"https://example.com/shop"}, "ce-type": {"t"},
		"Content-Type": {"application/json"},
	}, `{"id":7}`, 1},
	{
		"structured",
		map[string][]string{"Content-Type": {"application/cloudevents+json"}},
		`{"specversion":"1.0","id":"b-2","source":"urn:x:y","type":"com.example.shipped","data":{"n":1}}`, 4,
	},
}

func message(header map[string][]string, payload string) *Message {
	return &Message{
		Subject: "orders.eu.new", Stream: "ORDERS", Sequence: 42, Time: time.Unix(1, 2), Header: header,
		Payload: []byte(payload),
	}
}

func BenchmarkMake(b *testing.B) {
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			m, msg := newMaker(), message(c.header, c.payload)
			for b.Loop() {
				if event, _ := m.Make(msg); len(event) == 0 {
					b.Fatal("no event")
				}
			}
		})
	}
}
