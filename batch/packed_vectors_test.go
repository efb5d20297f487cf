package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the vectors anew; read the difference")

// packedVector is one case of testdata/packed.json, which the decoders of other languages read, too. Bytes are base64
// there.
type packedVector struct {
	Name     string          `json:"name"`
	Publish  []byte          `json:"publish"`
	Refused  bool            `json:"refused,omitempty"`
	Why      string          `json:"why,omitempty"`     // It is refused. For people.
	Foreign  bool            `json:"foreign,omitempty"` // Our encoder does not make it, but decoders take it.
	Marked   bool            `json:"marked,omitempty"`
	Marker   *vectorMarker   `json:"marker,omitempty"`
	Messages []vectorMessage `json:"messages,omitempty"`
}

type vectorMarker struct {
	Stream   uint32 `json:"stream"`
	First    uint64 `json:"first"`
	Previous uint64 `json:"previous"`
}

// vectorMessage lacks what the batch does not carry.
type vectorMessage struct {
	Payload  []byte      `json:"payload"`
	Subject  *[]byte     `json:"subject,omitempty"`
	Time     *int64      `json:"time,omitempty"` // Milliseconds since 1970.
	Headers  [][2][]byte `json:"headers,omitzero"`
	Sequence uint64      `json:"sequence,omitempty"`
}

// vectorOf returns what a vector says of a batch that was taken apart.
func vectorOf(name string, publish []byte, p Publish) packedVector {
	v := packedVector{Name: name, Publish: publish, Marked: p.Marked}
	if p.Marked {
		v.Marker = &vectorMarker{p.Marker.Stream, p.Marker.First, p.Marker.Previous}
	}
	flags := publish[2]
	for _, m := range p.Messages {
		vm := vectorMessage{Payload: bytes.Clone(m.Payload), Sequence: m.Sequence}
		if vm.Payload == nil {
			vm.Payload = []byte{}
		}
		if flags&flagSubject != 0 {
			subject := []byte(m.Subject)
			vm.Subject = &subject
		}
		if flags&flagTime != 0 {
			now := m.Time.UnixMilli()
			vm.Time = &now
		}
		if flags&flagHeaders != 0 {
			vm.Headers = [][2][]byte{}
			for _, f := range m.Headers {
				vm.Headers = append(vm.Headers, [2][]byte{[]byte(f.Name), []byte(f.Value)})
			}
		}
		v.Messages = append(v.Messages, vm)
	}
	return v
}

// golden compares what a test has made with a file of testdata, or writes it.
func golden(t *testing.T, file string, made any) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(made); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || !bytes.Equal(want, text.Bytes()) {
		t.Errorf("%s is not what the test makes (%v): run it with -update and read the difference", file, err)
	}
}

func TestPackedVectors(t *testing.T) {
	t.Parallel()
	var all []packedVector
	names := map[string]bool{}
	for _, c := range slices.Concat(packedCases(), foreignCases()) {
		got, err := Unpack(c.publish, 0)
		if err != nil || got.Marked != c.want.Marked || got.Marker != c.want.Marker ||
			!slices.EqualFunc(got.Messages, c.want.Messages, sameMessage) {
			t.Errorf("%s: % x is %+v, %v, want %+v", c.name, c.publish, got, err, c.want)
			continue
		}
		v := vectorOf(c.name, c.publish, got)
		v.Foreign = c.foreign
		all = append(all, v)
		names[c.name] = true
	}
	for _, c := range refusedCases() {
		got, err := Unpack(c.publish, 0)
		if refused := new(RefusedError); !errors.As(err, &refused) || got.Messages != nil {
			t.Errorf("%s is taken: %+v, %v", c.name, got, err)
		}
		all = append(all, packedVector{Name: c.name, Publish: c.publish, Refused: true, Why: c.why})
		names[c.name] = true
	}
	if len(names) != len(all) {
		t.Errorf("%d vectors have %d names", len(all), len(names))
	}
	golden(t, "testdata/packed.json", all)
}

func sameMessage(a, b Message) bool {
	return bytes.Equal(a.Payload, b.Payload) && a.Subject == b.Subject && a.Time.Equal(b.Time) &&
		slices.Equal(a.Headers, b.Headers) && a.Sequence == b.Sequence
}

// takenCase is a batch that decoders take.
type takenCase struct {
	name    string
	publish []byte
	want    Publish
	foreign bool
}

// packedCase packs messages. What the packing does not carry is not wanted back.
func packedCase(name string, packing Packing, marker Marker, messages ...Message) takenCase {
	p := NewPacker(&packing)
	p.Begin(marker.Stream, marker.Previous)
	for _, m := range messages {
		header := map[string][]string{}
		for _, f := range m.Headers {
			header[f.Name] = append(header[f.Name], f.Value)
		}
		p.Add(m.Payload, m.Sequence, m.Subject, m.Time, header)
	}
	publish, n := p.Fit(nil, 4096)
	if n != len(messages) {
		panic(name + " does not fit")
	}
	want := Publish{Messages: slices.Clone(messages)}
	if marker.Stream != 0 {
		want.Marked, want.Marker = true, marker
		want.Marker.First = messages[0].Sequence
	}
	return takenCase{name: name, publish: publish, want: want}
}

func packedCases() []takenCase {
	m := func(payload string, sequence uint64) Message {
		return Message{Payload: []byte(payload), Sequence: sequence}
	}
	at := func(ms int64, payload string) Message {
		return Message{Payload: []byte(payload), Time: time.UnixMilli(ms)}
	}
	var many, numbered []Message
	for i := range 60 {
		text := `{"id":` + string(rune('0'+i%10)) + `,"text":"again and again"}`
		many = append(many, m(text, 0))
		numbered = append(numbered, m(text, 1000+uint64(i*i)))
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	headers := []Field{
		{"", "no name"},
		{"Empty", ""},
		{"Twice", "one"},
		{"Twice", "two"},
		{"é", "☃"},
		{"\xff\x00", "\xfe\n"},
	}
	full := Message{
		Payload: []byte(`{"n":1}`), Subject: "orders.eu", Time: time.UnixMilli(1795000000123), Headers: headers,
		Sequence: 42,
	}
	later := full
	later.Sequence, later.Time, later.Headers = 50, time.UnixMilli(1795000000120), nil
	return []takenCase{
		packedCase("one message", Packing{}, Marker{}, m("hello", 0)),
		packedCase("one message without a byte", Packing{}, Marker{}, m("", 0)),
		packedCase("three messages without a byte", Packing{}, Marker{}, m("", 0), m("", 0), m("", 0)),
		packedCase("bytes of all kinds", Packing{}, Marker{}, m(string(every), 0)),
		packedCase("a length of two bytes", Packing{}, Marker{}, m(string(every[:128]), 0)),
		packedCase("a batch in a batch", Packing{}, Marker{}, m("\xf5\x01\x00\x01a", 0)),
		packedCase("deflated", Packing{}, Marker{}, many...),
		packedCase("deflated, with marker", Packing{}, Marker{Stream: 0xdeadbeef, Previous: 998}, numbered...),
		packedCase("marker", Packing{}, Marker{Stream: 0x12345678, Previous: 16}, m("a", 17), m("b", 18), m("c", 300)),
		packedCase("marker, nothing known before", Packing{}, Marker{Stream: 1}, m("a", 17)),
		packedCase("marker, the first of a stream", Packing{}, Marker{Stream: 0xffffffff}, m("a", 1)),
		packedCase("marker of the longest numbers", Packing{}, Marker{Stream: 1, Previous: 1}, m("a", numbersEnd-2),
			m("b", numbersEnd-1)),
		packedCase("marker of twelve bytes", Packing{}, Marker{Stream: 1, Previous: 1<<35 - 1<<21},
			m("a", 1<<35-1)),
		packedCase("subject", Packing{Subject: true}, Marker{}, Message{Subject: "a.b", Payload: []byte("x")},
			Message{Payload: []byte("y")}, Message{Subject: "\xff.ü", Payload: []byte("z")}),
		packedCase("time", Packing{Time: true}, Marker{}, at(1795000000000, "x"), at(1795000000001, "y"),
			at(1795000000001, "z")),
		packedCase("time that goes back, and before 1970", Packing{Time: true}, Marker{}, at(5, "x"), at(0, "y"),
			at(-1, "z"), at(-62135596800001, "year 0")),
		packedCase("times as far apart as may be", Packing{Time: true}, Marker{}, at(latest, "x"), at(earliest, "y"),
			at(latest, "z")),
		packedCase("headers", Packing{Headers: []string{"*"}}, Marker{}, Message{Headers: headers}, m("none", 0)),
		packedCase("all at once", Packing{Subject: true, Time: true, Headers: []string{"*"}},
			Marker{Stream: 0xcafe, Previous: 41}, full, later),
	}
}

func foreignCases() []takenCase {
	hello := Publish{Messages: []Message{{Payload: []byte("hello")}}}
	empties := func(n int) Publish { return Publish{Messages: make([]Message, n)} }
	const fixed = "1 10 00110101 10011000 10010101 10011100 10011100 10011111 0000000" // 05 h e l l o
	all := []takenCase{
		{name: "deflated, although that is longer", publish: join(head(1), squeezed(text("hello"))), want: hello},
		{name: "a stored block", publish: join(head(1), deflated(text("hello"), 0)), want: hello},
		{name: "several blocks", publish: join(head(1), inBlocks([]byte{5}, []byte("he"), []byte("llo"))), want: hello},
		{
			name:    "fixed codes, and ones in the unused bits of the last byte",
			publish: join(head(1), bitString(fixed+"11111")), want: hello,
		},
		{
			name: "an empty last block", publish: join(head(1), []byte{0, 6, 0, 0xf9, 0xff}, text("hello"),
				[]byte{1, 0, 0, 0xff, 0xff}), want: hello,
		},
		{name: "300 messages without a byte", publish: join(head(1), squeezed(make([]byte, 300))), want: empties(300)},
		{
			name: "stream 0", publish: join(head(2), marked(0, 1, 0), text("hello")),
			want: Publish{Marked: true, Marker: Marker{First: 1}, Messages: []Message{
				{Payload: []byte("hello"), Sequence: 1},
			}},
		},
		{
			name: "the farthest times", publish: join(head(8), signed(1<<52-1), text(""), signed(1), text(""),
				signed(-1<<52), text(""), signed(-1<<52), text("")),
			want: Publish{Messages: []Message{
				{Time: time.UnixMilli(1<<52 - 1)},
				{Time: time.UnixMilli(1 << 52)},
				{Time: time.UnixMilli(0)},
				{Time: time.UnixMilli(-1 << 52)},
			}},
		},
	}
	for i := range all {
		all[i].foreign = true
	}
	return all
}
