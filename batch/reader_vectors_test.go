package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
)

// readerVector is one case of testdata/reader.json, which the readers of other languages read, too. Positions are to be
// compared as JSON: languages differ in the order of keys.
type readerVector struct {
	Name          string       `json:"name"`
	Position      string       `json:"position"` // To begin with. Empty: none.
	Steps         []readerStep `json:"steps"`
	PositionAfter string       `json:"position_after"`
}

// readerStep is one item of a subscription, and what the reader makes of it.
type readerStep struct {
	Publish       []byte      `json:"publish"`
	Number        uint64      `json:"number"`        // 0: not known.
	Discontinuity bool        `json:"discontinuity"` // Told of before this item.
	Payloads      [][]byte    `json:"payloads"`
	Repeats       int         `json:"repeats"`
	Gaps          []readerGap `json:"gaps"`
	Refused       bool        `json:"refused"`
}

type readerGap struct {
	Stream  uint32 `json:"stream"`
	After   uint64 `json:"after"`
	Before  uint64 `json:"before"`
	Certain bool   `json:"certain"`
}

// item is a publish of messages with the sequences that are given, whose payloads say where they are from.
func item(stream uint32, back uint64, sequences ...uint64) readerStep {
	publish := join(head(2), marked(stream, sequences[0], back))
	for i, s := range sequences {
		if i > 0 {
			publish = join(publish, number(s-sequences[i-1]))
		}
		publish = join(publish, text(fmt.Sprintf("%x:%d", stream, s)))
	}
	return readerStep{Publish: publish}
}

// payloads says which messages of an item are delivered, by their sequences.
func (s readerStep) payloads(sequences ...uint64) readerStep {
	stream := binary.BigEndian.Uint32(s.Publish[3:])
	for _, sequence := range sequences {
		s.Payloads = append(s.Payloads, fmt.Appendf(nil, "%x:%d", stream, sequence))
	}
	return s
}

func (s readerStep) repeats(n int) readerStep {
	s.Repeats = n
	return s
}

func (s readerStep) at(number uint64) readerStep {
	s.Number = number
	return s
}

func (s readerStep) gap(after, before uint64, certain bool) readerStep {
	s.Gaps = []readerGap{{binary.BigEndian.Uint32(s.Publish[3:]), after, before, certain}}
	return s
}

func (s readerStep) discontinuity() readerStep {
	s.Discontinuity = true
	return s
}

// unmarked is an item without a marker.
func unmarked(payload string) readerStep {
	return readerStep{Publish: join(head(0), text(payload)), Payloads: [][]byte{[]byte(payload)}}
}

func damaged() readerStep { return readerStep{Publish: []byte{0xf5, 1, 2, 0, 0}, Refused: true} }

func TestReaderVectors(t *testing.T) {
	t.Parallel()
	all := readerCases()
	for i := range all {
		all[i].complete()
		all[i].run(t)
	}
	golden(t, "testdata/reader.json", all)
}

// complete makes empty arrays of what is not there, for readers in other languages.
func (v *readerVector) complete() {
	for i := range v.Steps {
		if v.Steps[i].Payloads == nil {
			v.Steps[i].Payloads = [][]byte{}
		}
		if v.Steps[i].Gaps == nil {
			v.Steps[i].Gaps = []readerGap{}
		}
	}
}

func (v *readerVector) run(t *testing.T) {
	t.Helper()
	r, err := NewReader(v.Position)
	if err != nil {
		t.Errorf("%s: %v", v.Name, err)
		return
	}
	for i, step := range v.Steps {
		if step.Discontinuity {
			r.Discontinuity()
		}
		got, err := r.Read(step.Publish, step.Number)
		if refused := new(RefusedError); errors.As(err, &refused) != step.Refused || (err != nil) != step.Refused {
			t.Errorf("%s, step %d: %v", v.Name, i+1, err)
			continue
		}
		if !step.same(got) {
			t.Errorf("%s, step %d: %d messages, %d repeats, gaps %+v, want %q, %d, %+v", v.Name, i+1,
				len(got.Messages), got.Repeats, got.Gaps, step.Payloads, step.Repeats, step.Gaps)
		}
	}
	if got := r.Position(); got != v.PositionAfter {
		t.Errorf("%s: the position is %s, want %s", v.Name, got, v.PositionAfter)
	}
}

func (s readerStep) same(got Reading) bool {
	if len(got.Messages) != len(s.Payloads) || got.Repeats != s.Repeats || len(got.Gaps) != len(s.Gaps) {
		return false
	}
	for i, m := range got.Messages {
		if !bytes.Equal(m.Payload, s.Payloads[i]) {
			return false
		}
	}
	for i, g := range got.Gaps {
		if readerGap(g) != s.Gaps[i] {
			return false
		}
	}
	return true
}
