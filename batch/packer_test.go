package batch

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"momento-bridge/batch/corpus"
)

// sequences packs messages of these sequences into as many publishes as it takes.
func sequences(t *testing.T, previous uint64, all ...uint64) (publishes []Publish) {
	t.Helper()
	p := NewPacker(&Packing{})
	for len(all) > 0 {
		p.Begin(7, previous)
		for _, s := range all {
			p.Add([]byte("x"), s, "", time.Time{}, nil)
		}
		packed, n := p.Fit(nil, 4096)
		publish, err := Unpack(packed, 0)
		if err != nil || len(publish.Messages) != n {
			t.Fatalf("%d messages of %d: %v", len(publish.Messages), n, err)
		}
		publishes = append(publishes, publish)
		previous, all = all[n-1], all[n:]
	}
	return publishes
}

func TestSequencesGrowWithinABatch(t *testing.T) {
	t.Parallel()
	got := sequences(t, 4, 5, 6, 9, 9, 10, 3)
	if len(got) != 3 || len(got[0].Messages) != 3 || len(got[1].Messages) != 2 || len(got[2].Messages) != 1 {
		t.Fatalf("5, 6, 9, 9, 10, 3 become %+v", got)
	}
	for i, want := range []Marker{{7, 5, 4}, {7, 9, 0}, {7, 3, 0}} {
		if got[i].Marker != want {
			t.Errorf("batch %d has %+v, want %+v", i, got[i].Marker, want)
		}
	}
}

func TestSequencesThatNobodyCanCountToAreNotMarked(t *testing.T) {
	t.Parallel()
	for _, s := range []uint64{0, numbersEnd, math.MaxUint64} {
		if got := sequences(t, 0, s)[0]; got.Marked {
			t.Errorf("a batch of sequence %d has %+v", s, got.Marker)
		}
	}
	if got := sequences(t, 0, numbersEnd-1, numbersEnd); len(got) != 2 || !got[0].Marked || got[1].Marked {
		t.Errorf("sequences that reach 2^53 become %+v", got)
	}
}

func TestWithoutAStreamSequencesDoNotMatter(t *testing.T) {
	t.Parallel()
	p := NewPacker(&Packing{})
	p.Begin(0, 5)
	for _, s := range []uint64{9, 9, 0, math.MaxUint64} {
		p.Add([]byte("x"), s, "", time.Time{}, nil)
	}
	if packed, n := p.Fit(nil, 4096); n != 4 || string(packed) != "\xf5\x01\x00\x01x\x01x\x01x\x01x" {
		t.Errorf("%d messages: %x", n, packed)
	}
}

func TestMarkersOfUsualSequencesTakeTwelveBytesAtMost(t *testing.T) {
	t.Parallel()
	p := NewPacker(&Packing{})
	for _, m := range []Marker{{1, 1, 0}, {math.MaxUint32, 1 << 20, 1}, {1, 1<<35 - 1, 1<<35 - 1<<21}} {
		p.Begin(m.Stream, m.Previous)
		p.Add(nil, m.First, "", time.Time{}, nil)
		packed, _ := p.Fit(nil, 4096)
		if marker := len(packed) - 3 - 1; marker > 12 || marker != p.headSize()-3 {
			t.Errorf("the marker of %+v takes %d bytes, headSize says %d", m, marker, p.headSize()-3)
		}
	}
	p.Begin(1, 1)
	p.Add(nil, numbersEnd-1, "", time.Time{}, nil)
	if packed, _ := p.Fit(nil, 4096); len(packed)-1 > p.packing.Overhead() {
		t.Errorf("a head of %d bytes, Overhead says %d", len(packed)-1, p.packing.Overhead())
	}
}

func TestTheFirstMessageIsPackedWhateverItsLength(t *testing.T) {
	t.Parallel()
	random := corpus.All()[3].Messages(5000)
	var long []byte
	for _, m := range random {
		long = append(long, m.Payload...)
	}
	p := NewPacker(&Packing{})
	for _, c := range []struct {
		name    string
		payload []byte
		fits    bool
	}{
		{"as it is", long[:4000], true},
		{"not at all", long[:5000], false},
		{"not at all, and longer than other bodies", long[:600_000], false},
		{"deflated", bytes.Repeat([]byte("again "), 2000), true},
	} {
		p.Begin(1, 0)
		p.Add(c.payload, 1, "", time.Time{}, nil)
		p.Add([]byte("next"), 2, "", time.Time{}, nil)
		packed, n := p.Fit(nil, 4096)
		got, err := Unpack(packed, 0)
		if err != nil || n < 1 || !bytes.Equal(got.Messages[0].Payload, c.payload) || (len(packed) <= 4096) != c.fits {
			t.Errorf("%s: %d messages in %d bytes, %v", c.name, n, len(packed), err)
		}
	}
}

func TestSizeIsTheMostThatAMessageAdds(t *testing.T) {
	t.Parallel()
	header := map[string][]string{"a": {"1", "22"}, "b": {""}, strings.Repeat("n", 200): {strings.Repeat("v", 20000)}}
	for _, packing := range []Packing{
		{},
		{Subject: true},
		{Time: true},
		{Headers: []string{"a", "c"}},
		{Headers: []string{"*"}},
		{Subject: true, Time: true, Headers: []string{"*"}},
	} {
		p := NewPacker(&packing)
		p.Begin(1, 0)
		p.Add(nil, 1, "", time.UnixMilli(earliest), nil)
		before := len(p.body)
		p.Add([]byte("payload"), numbersEnd-1, "sub.ject", time.UnixMilli(latest), header)
		size := packing.Size([]byte("payload"), "sub.ject", header)
		if added := len(p.body) - before; added != size {
			t.Errorf("%+v: the message adds %d bytes, Size says %d", packing, added, size)
		}
	}
}

func TestWhatNoDecoderTakesIsUnpackable(t *testing.T) {
	t.Parallel()
	all := Packing{Headers: []string{"*"}}
	for name, size := range map[string]int{
		"a payload of 1 MiB": all.Size(make([]byte, 1<<20), "", nil),
		"65537 headers":      all.Size(nil, "", map[string][]string{"": make([]string, 65537)}),
	} {
		if size != Unpackable {
			t.Errorf("%s: Size says %d", name, size)
		}
	}
	if size := all.Size(make([]byte, 1<<20-100), "", nil); size > 1<<20 {
		t.Errorf("a payload of almost 1 MiB: Size says %d", size)
	}
}

func TestBatchesKeepWithinWhatDecodersTake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		payload int
		headers int
		want    int
	}{
		{"empty messages", 0, 0, mostMessages},
		{"long bodies", 1000, 0, mostPacked / 1002},
		{"headers", 0, 1000, mostFields / 1000},
	} {
		packing := Packing{}
		header := map[string][]string{"": make([]string, c.headers)}
		if c.headers > 0 {
			packing.Headers = []string{"*"}
		}
		p := NewPacker(&packing)
		p.Begin(0, 0)
		for range mostMessages + 10 {
			p.Add(make([]byte, c.payload), 0, "", time.Time{}, header)
		}
		packed, n := p.Fit(nil, 4096)
		if got, err := Unpack(packed, 0); err != nil || n != c.want || len(got.Messages) != n || !p.full {
			t.Errorf("%s: %d messages in a batch, want %d: %v", c.name, n, c.want, err)
		}
	}
}

func TestHeadersThatAreNamedAreCarriedInTheirOrder(t *testing.T) {
	t.Parallel()
	p := NewPacker(&Packing{Headers: []string{"b", "missing", "a"}})
	p.Begin(0, 0)
	p.Add(nil, 0, "", time.Time{}, map[string][]string{"a": {"1"}, "b": {"2", "3"}, "B": {"4"}, "c": {"5"}})
	packed, _ := p.Fit(nil, 4096)
	got, err := Unpack(packed, 0)
	if want := "[{b 2} {b 3} {a 1}]"; err != nil || fmt.Sprint(got.Messages[0].Headers) != want {
		t.Errorf("headers %v, %v, want %s", got.Messages[0].Headers, err, want)
	}
}

func TestPackingAllocatesNothing(t *testing.T) {
	messages := corpus.All()[0].Messages(1000)
	p := NewPacker(&Packing{Subject: true, Time: true})
	buffer := make([]byte, 0, 8192)
	pack := func() {
		p.Begin(1, 0)
		for i := range messages {
			m := &messages[i]
			p.Add(m.Payload, uint64(i)+1, m.Subject, m.Time, m.Header)
		}
		_, _ = p.Fit(buffer, 4096)
	}
	pack()
	if n := testing.AllocsPerRun(20, pack); n >= 1 {
		t.Errorf("a batch takes %g allocations, want none", n)
	}
}

// What a packer has learned of one kind of messages does not spoil batches of another for long.
func TestPublishesAreSoonFullAgainWhenMessagesChange(t *testing.T) {
	t.Parallel()
	p := NewPacker(&Packing{})
	for _, i := range []int{3, 0, 3, 1, 2, 3} {
		messages := corpus.All()[i].Messages(1500)
		began := fillPacked(t, p, messages[:700], 4096)
		if got := fillPacked(t, p, messages, 4096); got.fill < 0.95 {
			t.Errorf("%s: %.1f %% full, at first %.1f %%", corpus.All()[i].Name, 100*got.fill, 100*began.fill)
		}
	}
}

// Batches of one message between full ones are what a route has that is at its limit now and then.
func TestShortBatchesTeachNothingAboutFullOnes(t *testing.T) {
	t.Parallel()
	messages := corpus.All()[2].Messages(1000)
	p := NewPacker(&Packing{})
	want := fillPacked(t, p, messages, 4096)
	ratio := p.ratio
	for _, m := range messages[:50] {
		p.Begin(0, 0)
		p.Add(m.Payload, 0, "", time.Time{}, nil)
		p.Fit(nil, 4096)
	}
	if got := fillPacked(t, p, messages, 4096); p.ratio < ratio*0.9 || got.messages < want.messages*0.95 {
		t.Errorf("%.1f messages a publish, %.1f before; ratio %.2f, %.2f before", got.messages, want.messages, p.ratio,
			ratio)
	}
}
