package batch

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"momento-bridge/batch/corpus"
)

// hostile makes packed batches: a few that are whole, and more that are not, in the ways in which damage and malice do.
type hostile struct {
	rng       *rand.Rand
	valid     [][]byte
	bombs     [][]byte
	deflaters []*flate.Writer // Of several kinds.
}

func newHostile(t testing.TB, seed uint64) *hostile {
	t.Helper()
	h := &hostile{rng: rand.New(rand.NewPCG(19, seed))}
	for _, level := range []int{flate.BestSpeed, flate.HuffmanOnly, flate.NoCompression, flate.BestCompression} {
		w, _ := flate.NewWriter(nil, level)
		h.deflaters = append(h.deflaters, w)
	}
	packings := []Packing{
		{},
		{Time: true},
		{Subject: true, Headers: []string{"*"}},
		{Subject: true, Time: true, Headers: []string{"*"}},
	}
	for _, c := range corpus.All() {
		for i, packing := range packings {
			for _, most := range []int{100, 600, 2000} {
				h.valid = append(h.valid, pack(t, NewPacker(&packing), c.Messages(20), uint32(i), most)...)
			}
		}
	}
	for _, size := range []int{mostBody - 1, mostBody, mostBody + 1, 16 << 20} {
		h.bombs = append(h.bombs, h.bomb(size))
	}
	return h
}

// next returns a batch, and how long its body may be: 0 stands for the usual.
func (h *hostile) next() (publish []byte, most int) {
	publish = h.make()
	if h.rng.IntN(4) > 0 {
		return publish, 0
	}
	if head, body, ok := h.open(publish); ok && h.rng.IntN(2) == 0 { // Just enough, or a byte less.
		return append(head, body...), max(1, len(body)-h.rng.IntN(2))
	}
	return publish, 1 + h.rng.IntN(1500)
}

func (h *hostile) make() []byte {
	switch n := h.rng.IntN(2000); {
	case n < 1 && h.rng.IntN(4) == 0: // The most messages, and one more.
		return h.close([]byte{packedMagic, packedVersion, 0}, make([]byte, mostMessages+h.rng.IntN(2)))
	case n < 4:
		return h.bombs[h.rng.IntN(len(h.bombs))]
	case n < 200:
		return slices.Clone(h.any())
	case n < 700:
		return damage(h.rng, h.any())
	case n < 1200:
		return h.damagedInside()
	case n < 1600:
		return h.strange()
	case n < 1700:
		return append(slices.Clone(h.any()), h.bytes(1+h.rng.IntN(3))...)
	case n < 1800:
		return h.oddlyDeflated()
	}
	return append([]byte{packedMagic, packedVersion, byte(h.rng.IntN(flagsKnown + 2))}, h.bytes(h.rng.IntN(40))...)
}

func (h *hostile) any() []byte { return h.valid[h.rng.IntN(len(h.valid))] }

func (h *hostile) bytes(n int) []byte {
	bytes := make([]byte, n)
	for i := range bytes {
		bytes[i] = byte(h.rng.UintN(256))
	}
	return bytes
}

// open returns the head of a batch, which says then that its body is as it is, and the body.
func (h *hostile) open(publish []byte) (head, body []byte, ok bool) {
	c := cursor{rest: publish}
	flags := c.head()
	if flags&flagMarker != 0 {
		c.marker()
	}
	if c.fault != "" {
		return nil, nil, false
	}
	body, err := bodyOf(c.rest, flags, mostBody)
	head = slices.Clone(publish[:len(publish)-len(c.rest)])
	head[2] &^= flagDeflate
	return head, body, err == nil
}

// close puts a body behind its head, deflated or not.
func (h *hostile) close(head, body []byte) []byte {
	if h.rng.IntN(3) == 0 {
		return append(head, body...)
	}
	return h.deflate(head, body)
}

func (h *hostile) deflate(head, body []byte) []byte {
	out := bytes.NewBuffer(head)
	head[2] |= flagDeflate
	h.deflaters[0].Reset(out)
	h.deflaters[0].Write(body)
	h.deflaters[0].Close()
	return out.Bytes()
}

func (h *hostile) damagedInside() []byte {
	head, body, ok := h.open(h.any())
	if !ok || len(body) == 0 {
		return nil
	}
	return h.close(head, damage(h.rng, body))
}

// bomb is a stream of one message that is as large as may be, or larger.
func (h *hostile) bomb(size int) []byte {
	body := make([]byte, size)
	binary.PutUvarint(body, uint64(size-3)) // The length takes three bytes, or one more.
	return h.deflate([]byte{packedMagic, packedVersion, 0}, body)
}

// oddlyDeflated is a body in a stream that no encoder makes: of several blocks of several kinds, some of them empty,
// and sometimes damaged.
func (h *hostile) oddlyDeflated() []byte {
	head, body, ok := h.open(h.any())
	if !ok {
		return nil
	}
	head[2] |= flagDeflate
	out := bytes.NewBuffer(head)
	for len(body) > 0 {
		w := h.deflaters[h.rng.IntN(len(h.deflaters))]
		w.Reset(out)
		n := 1 + h.rng.IntN(len(body))
		w.Write(body[:n])
		w.Flush()
		if body = body[n:]; len(body) == 0 {
			w.Close()
		}
	}
	if h.rng.IntN(2) == 0 {
		return damage(h.rng, out.Bytes())
	}
	return out.Bytes()
}

// strange is made by the rules, or nearly, with a number at one of its limits or beyond.
func (h *hostile) strange() []byte {
	flags := byte(h.rng.IntN(flagsKnown+1)) &^ flagDeflate
	if h.rng.IntN(50) == 0 {
		flags |= 0x20 << h.rng.IntN(3)
	}
	head, first := []byte{packedMagic, packedVersion, flags}, h.limit(1<<53)
	if flags&flagMarker != 0 {
		head = h.number(append(head, h.bytes(4)...), first)
		head = h.number(head, []uint64{0, 1, first - 1, first, h.limit(1 << 53)}[h.rng.IntN(5)])
	}
	var body []byte
	steps := []uint64{1, 1, 1, 2, 2, 2, 0, h.limit(1<<53 - first)}
	for i := range h.rng.IntN(5) {
		if flags&flagMarker != 0 && i > 0 {
			body = h.number(body, steps[h.rng.IntN(len(steps))])
		}
		if flags&flagTime != 0 {
			body = h.number(body, []uint64{h.limit(1 << 53), h.rng.Uint64N(5)}[h.rng.IntN(2)])
		}
		if flags&flagSubject != 0 {
			body = h.text(body)
		}
		if flags&flagHeaders != 0 {
			count := h.rng.IntN(4)
			body = h.number(body, uint64(count))
			for range 2 * count {
				body = h.text(body)
			}
		}
		body = h.text(body)
	}
	return h.close(head, body)
}

// limit is a small number, or one near a limit, or near this one.
func (h *hostile) limit(this uint64) uint64 {
	limits := []uint64{1 << 7, 1 << 14, 1 << 32, 1 << 52, 1 << 53, 1 << 63, this, this, this}
	if n := h.rng.IntN(3 * len(limits)); n < len(limits) {
		return limits[n] + h.rng.Uint64N(5) - 3
	}
	return h.rng.Uint64N(300)
}

// number is rarely not of the shortest form.
func (h *hostile) number(dst []byte, n uint64) []byte {
	dst = binary.AppendUvarint(dst, n)
	if h.rng.IntN(100) == 0 {
		dst[len(dst)-1] |= 0x80
		dst = append(dst, make([]byte, 1+h.rng.IntN(2))...)
	}
	return dst
}

// text is rarely not as long as it says.
func (h *hostile) text(dst []byte) []byte {
	length := uint64(h.rng.IntN(5))
	said := length
	if h.rng.IntN(100) == 0 {
		said = h.limit(1 << 53)
	}
	return append(h.number(dst, said), h.bytes(int(length))...)
}
