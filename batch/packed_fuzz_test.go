package batch

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

// cutter makes any values of any bytes.
type cutter struct{ rest []byte }

func (c *cutter) byte() byte {
	if len(c.rest) == 0 {
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}

func (c *cutter) long() uint64 {
	var eight [8]byte
	n := copy(eight[:c.byte()%9], c.rest)
	c.rest = c.rest[n:]
	return binary.LittleEndian.Uint64(eight[:])
}

func (c *cutter) text() string {
	length := int(c.byte())
	if length > 250 { // Long enough for lengths of two bytes, and for deflate.
		return string(bytes.Repeat([]byte{c.byte(), c.byte(), 'x'}, 1<<(length-245)))
	}
	length = min(length, len(c.rest))
	taken := string(c.rest[:length])
	c.rest = c.rest[length:]
	return taken
}

// FuzzPackedSurvives packs any messages into publishes of any length and takes them apart again.
func FuzzPackedSurvives(f *testing.F) {
	f.Add([]byte("\x05hello\x00\x00\x00"), byte(0), uint32(0), uint64(0), uint16(100))
	f.Add([]byte("\x05hello\x01\x05\x03a.b\x02\x00\x01\x01n\x01v\xffab\x01\x09"), byte(15), uint32(7), uint64(3),
		uint16(40))
	f.Add(bytes.Repeat([]byte("\x20again and again and again and aga\x01\x01"), 200), byte(0), uint32(7), uint64(3),
		uint16(512))
	f.Fuzz(func(t *testing.T, data []byte, carried byte, stream uint32, previous uint64, most uint16) {
		packing := Packing{Subject: carried&1 != 0, Time: carried&2 != 0}
		switch carried & 12 {
		case 4:
			packing.Headers = []string{"", "n", "Nats-Msg-Id"}
		case 8, 12:
			packing.Headers = []string{"*"}
		}
		messages, headers := anyMessages(&cutter{data}, previous)
		p := NewPacker(&packing)
		for len(messages) > 0 {
			p.Begin(stream, previous)
			for i, m := range messages {
				p.Add(m.Payload, m.Sequence, m.Subject, m.Time, headers[i])
			}
			publish, n := p.Fit([]byte("before"), int(most))
			checkPublish(t, p, publish[len("before"):], n, int(most), messages, stream)
			previous = messages[n-1].Sequence
			messages, headers = messages[n:], headers[n:]
		}
	})
}

func anyMessages(c *cutter, sequence uint64) (messages []Message, headers []map[string][]string) {
	for len(c.rest) > 0 && len(messages) < 2000 {
		m := Message{Payload: []byte(c.text())}
		shape := c.byte()
		if sequence++; shape&1 != 0 {
			sequence += c.long()
		}
		m.Sequence = sequence
		if shape&2 != 0 {
			m.Time = time.UnixMilli(int64(c.long()))
		}
		if shape&4 != 0 {
			m.Subject = c.text()
		}
		header := map[string][]string{}
		for range shape >> 5 {
			name := c.text()
			header[name] = append(header[name], c.text())
		}
		messages, headers = append(messages, m), append(headers, header)
	}
	return messages, headers
}

// checkPublish compares a publish with the first n of the messages that were packed.
func checkPublish(t *testing.T, p *Packer, publish []byte, n, most int, messages []Message, stream uint32) {
	t.Helper()
	got, err := Unpack(publish, 0)
	if err != nil || len(got.Messages) != n || n < 1 {
		t.Fatalf("%d messages, want %d: %v", len(got.Messages), n, err)
	}
	if n > 1 && len(publish) > most || p.trials > mostTrials {
		t.Errorf("%d messages in %d bytes, the most is %d, after %d trials", n, len(publish), most, p.trials)
	}
	plain := p.headSize() + p.ends[n-1]
	if len(publish) > plain || publish[2]&flagDeflate != 0 && len(publish) == plain {
		t.Errorf("a publish of %d bytes, not deflated it has %d", len(publish), plain)
	}
	if got.Marked && got.Marker.Stream != stream {
		t.Errorf("stream %d, want %d", got.Marker.Stream, stream)
	}
	for i, m := range got.Messages {
		want := messages[i]
		if !bytes.Equal(m.Payload, want.Payload) || got.Marked && m.Sequence != want.Sequence {
			t.Fatalf("message %d is %d %q, want %d %q", i, m.Sequence, m.Payload, want.Sequence, want.Payload)
		}
		if p.packing.Subject && m.Subject != want.Subject || p.packing.Time && m.Time.UnixMilli() != millis(want.Time) {
			t.Fatalf("message %d has %q %v, want %q %v", i, m.Subject, m.Time, want.Subject, want.Time)
		}
	}
	if err := strict(publish); err != nil {
		t.Error(err)
	}
}

// FuzzHeadersSurvive packs any headers. They come back in their order by name, values of one name in theirs.
func FuzzHeadersSurvive(f *testing.F) {
	f.Add([]byte("\x01a\x011\x01b\x012\x01a\x013"))
	f.Add([]byte("\x00\x00\x02\xff\x00\xff\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := cutter{data}
		header := map[string][]string{}
		var want []Field
		for len(c.rest) > 0 {
			name, value := c.text(), c.text()
			header[name] = append(header[name], value)
			want = append(want, Field{name, value})
		}
		slices.SortStableFunc(want, func(a, b Field) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
		p := NewPacker(&Packing{Headers: []string{"*"}})
		p.Begin(0, 0)
		p.Add(nil, 0, "", time.Time{}, header)
		publish, _ := p.Fit(nil, 4096)
		got, err := Unpack(publish, 0)
		if p.packing.Size(nil, "", header) == Unpackable {
			return
		}
		if err != nil || !slices.Equal(got.Messages[0].Headers, want) {
			t.Errorf("%q becomes %+v, %v", want, got.Messages, err)
		}
	})
}

// FuzzUnpackIsStrict takes apart anything.
func FuzzUnpackIsStrict(f *testing.F) {
	addVectors(f, nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := strict(data); err != nil {
			t.Error(err)
		}
	})
}

// FuzzUnpackIsStrictAboutBodies takes apart any body that is deflated, which damages to a deflate stream hardly make.
func FuzzUnpackIsStrictAboutBodies(f *testing.F) {
	addVectors(f, func(publish []byte) ([]byte, bool) {
		body, err := otherBody(publish)
		return append([]byte{publish[2]}, body...), err == nil
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		flags := data[0]&flagsKnown | flagDeflate
		var marker []byte
		if flags&flagMarker != 0 {
			marker = marked(7, 9, 1)
		}
		var out appender
		deflate(&out, data[1:])
		if err := strict(join(head(flags), marker, out.bytes)); err != nil {
			t.Error(err)
		}
	})
}

// addVectors adds what becomes of the vectors to a corpus.
func addVectors(f *testing.F, of func(publish []byte) ([]byte, bool)) {
	f.Helper()
	for _, c := range slices.Concat(packedCases(), foreignCases()) {
		addVector(f, c.publish, of)
	}
	for _, c := range refusedCases() {
		if len(c.publish) < 1000 && len(c.publish) > 2 {
			addVector(f, c.publish, of)
		}
	}
}

func addVector(f *testing.F, publish []byte, of func(publish []byte) ([]byte, bool)) {
	f.Helper()
	if of == nil {
		f.Add(publish)
		return
	}
	if seed, ok := of(publish); ok {
		f.Add(seed)
	}
}

// FuzzReader reads any items. Whatever comes, a message is delivered once, in the order of its stream.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x01\x05\x00\x01\x02\x00\x01\x05\x00\x02\x03\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := cutter{data}
		r, _ := NewReader("")
		last := map[uint32]uint64{}
		for len(c.rest) > 0 {
			stream, sequence := uint32(c.byte()%4), 1+uint64(c.byte())
			all := []uint64{sequence}
			for range c.byte() % 8 {
				sequence += 1 + uint64(c.byte()%8)
				all = append(all, sequence)
			}
			if c.byte()%4 == 0 {
				var err error
				if r, err = NewReader(r.Position()); err != nil {
					t.Fatal(err)
				}
			}
			got, err := r.Read(item(stream, min(uint64(c.byte()), all[0]-1), all...).Publish, uint64(c.byte()))
			if err != nil || len(got.Messages)+got.Repeats != len(all) || len(got.Gaps) > 1 {
				t.Fatalf("%+v, %v of %v", got, err, all)
			}
			for _, m := range got.Messages {
				if m.Sequence <= last[stream] {
					t.Fatalf("%d is delivered after %d", m.Sequence, last[stream])
				}
				last[stream] = m.Sequence
			}
			if last[stream] < all[len(all)-1] {
				t.Fatalf("%v are not delivered: %+v", all, got)
			}
		}
	})
}
