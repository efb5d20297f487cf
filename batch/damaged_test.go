package batch

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"momento-bridge/batch/corpus"
	"momento-bridge/test/long"
)

// Damaged batches are made of good ones: bytes changed, cut out, put in and mixed, in the publish or in what was
// deflated. No panic, nothing above the bounds, and what is taken is a batch: see strict.
func TestDamagedBatchesAreRefusedOrRead(t *testing.T) {
	t.Parallel()
	seeds, bodies := hostileSeeds(t)
	tries := batches(t, long.Or(4000, 200_000)) / 4
	for shard := range uint64(4) {
		t.Run(strconv.FormatUint(shard, 10), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(19, shard))
			taken := 0
			for i := range tries {
				publish := anyDamage(r, i, seeds, bodies)
				read, err := unpackStrictly(publish)
				if err != nil {
					t.Fatalf("batch %d, %x: %v", i, publish, err)
				}
				if read {
					taken++
				}
			}
			t.Logf("%d batches, of which %d were taken", tries, taken)
			if tries >= 1000 && (taken == 0 || taken == tries) {
				t.Errorf("%d of %d batches are taken: the test does not try enough", taken, tries)
			}
		})
	}
}

// anyDamage makes a batch. Each fourth has a body that was damaged before it was deflated.
func anyDamage(r *rand.Rand, i int, seeds, bodies [][]byte) []byte {
	if i%4 != 0 {
		return spoil(r, pick(r, seeds), pick(r, seeds))
	}
	body := spoil(r, pick(r, bodies), pick(r, bodies))
	flags := body[0]&flagsKnown | flagDeflate
	var marker []byte
	if flags&flagMarker != 0 {
		marker = marked(7, 9, 1)
	}
	var out appender
	deflate(&out, body[1:])
	return join(head(flags), marker, out.bytes)
}

// hostileSeeds are publishes to be damaged, and bodies after their flags.
func hostileSeeds(t *testing.T) (seeds, bodies [][]byte) {
	t.Helper()
	for _, c := range slices.Concat(packedCases(), foreignCases()) {
		seeds = append(seeds, c.publish)
	}
	for _, c := range refusedCases() {
		if len(c.publish) > 3 && len(c.publish) < 300 {
			seeds = append(seeds, c.publish)
		}
	}
	for _, c := range corpus.All() {
		packing := Packing{Subject: true, Time: true, Headers: []string{"*"}}
		seeds = append(seeds, pack(t, NewPacker(&packing), c.Messages(20), 7, 800)...)
		seeds = append(seeds, pack(t, NewPacker(&Packing{}), c.Messages(50), 0, 400)...)
	}
	for _, seed := range seeds {
		if body, err := otherBody(seed); err == nil && len(body) < 10_000 {
			bodies = append(bodies, join(seed[2:3], body))
		}
	}
	return seeds, bodies
}

func pick(r *rand.Rand, from [][]byte) []byte { return from[r.IntN(len(from))] }

// spoil returns a copy with one to four damages.
func spoil(r *rand.Rand, seed, other []byte) []byte {
	damaged := bytes.Clone(seed)
	for range 1 + r.IntN(4) {
		at := r.IntN(len(damaged))
		end := at + 1 + r.IntN(min(8, len(damaged)-at))
		switch r.IntN(8) {
		case 0:
			damaged[at] ^= 1 << r.IntN(8)
		case 1:
			damaged[at] = byte(r.Uint32())
		case 2:
			damaged = slices.Delete(damaged, at, end)
		case 3:
			damaged = slices.Insert(damaged, at, damaged[at:end]...)
		case 4:
			damaged = damaged[:at]
		case 5:
			damaged = slices.Insert(damaged, at, number(r.Uint64()>>r.IntN(64))...)
		case 6:
			damaged = append(damaged[:at], other[min(at, len(other)):]...)
		case 7:
			damaged[at] = [...]byte{0, 1, 0x7f, 0x80, 0xff, 0xf5}[r.IntN(6)]
		}
		if len(damaged) == 0 {
			return []byte{packedMagic}
		}
	}
	return damaged
}

// What a batch makes Unpack allocate is bounded, whatever it claims. Not in parallel: it counts what all allocate.
func TestUnpackTakesBoundedMemory(t *testing.T) {
	lots := make([]byte, mostBody)
	for _, c := range []struct {
		name    string
		publish []byte
		most    int // MiB, of all that is allocated, at any time.
	}{
		{"a bomb of 4 MiB", join(head(1), squeezed(number(4<<20), make([]byte, 4<<20))), 4},
		{"a million empty messages", join(head(1), squeezed(lots)), 20},
		{"a million empty messages with everything", join(head(31), marked(7, 1, 0), squeezed(lots)), 20},
		{"65536 empty messages", join(head(1), squeezed(lots[:mostMessages])), 20},
		{"2^50 headers", join(head(16), number(1<<50), lots[:1000]), 1},
		{"half a million headers", join(head(17), squeezed(number(1<<19-2), lots[:1<<20-100])), 6},
		{"messages of many headers", join(head(17), squeezed(bytes.Repeat(join(number(999), lots[:1999]), 500))), 10},
		{"a length of 2^50", join(head(0), number(1<<50), lots[:1000]), 1},
	} {
		_, _ = Unpack(c.publish, 0) // So that the inflater is there.
		if got := allocated(func() { _, _ = Unpack(c.publish, 0) }); got > uint64(c.most)<<20 {
			t.Errorf("%s: %.1f MiB are allocated, want %d at the most", c.name, float64(got)/(1<<20), c.most)
		} else {
			t.Logf("%s, %d bytes: %.2f MiB are allocated", c.name, len(c.publish), float64(got)/(1<<20))
		}
	}
}

// A decoder that is given less takes less.
func TestUnpackKeepsToTheMostThatItIsGiven(t *testing.T) {
	bomb := join(head(1), squeezed(number(1<<20-3), make([]byte, 1<<20-3)))
	whole, err := Unpack(bomb, 2<<20)
	if err != nil || len(whole.Messages[0].Payload) != 1<<20-3 {
		t.Fatalf("a body of 1 MiB: %v", err)
	}
	for most, want := range map[int]bool{0: true, 1 << 20: true, 1<<20 - 1: false, 10_000: false, 1: false} {
		if _, err := Unpack(bomb, most); (err == nil) != want {
			t.Errorf("of at most %d bytes: %v", most, err)
		}
	}
	if got := allocated(func() { _, _ = Unpack(bomb, 10_000) }); got > 64<<10 {
		t.Errorf("a decoder that takes 10 000 bytes allocates %d", got)
	}
	if _, err := Unpack(join(head(0), text("hello")), 5); err == nil {
		t.Error("a body that is not deflated is taken, although it is longer than may be")
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
