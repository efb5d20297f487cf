package batch

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/klauspost/compress/flate"
)

// Packed batches made by hand, byte for byte, for what the packer does not make.

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

// head is magic, version and flags.
func head(flags byte) []byte { return []byte{0xf5, 0x01, flags} }

// number is a number; with extra bytes it is longer than it must be.
func number(n uint64) []byte { return binary.AppendUvarint(nil, n) }

func padded(n uint64) []byte {
	text := number(n)
	text[len(text)-1] |= 0x80
	return append(text, 0)
}

func signed(n int64) []byte { return number(zigzag(n)) }

// text is a length and as many bytes.
func text(s string) []byte { return append(number(uint64(len(s))), s...) }

// marked is a marker.
func marked(stream uint32, first, back uint64) []byte {
	return join(binary.BigEndian.AppendUint32(nil, stream), number(first), number(back))
}

// deflated is a deflate stream, the same with every release of Go: of the best level, or made of stored blocks alone.
func deflated(body []byte, level int) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, level)
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}

func squeezed(body ...[]byte) []byte { return deflated(join(body...), flate.BestCompression) }

// inBlocks is a deflate stream with a block for each part, and an empty one after it.
func inBlocks(parts ...[]byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	for _, part := range parts {
		_, _ = w.Write(part)
		_ = w.Flush()
	}
	_ = w.Close()
	return out.Bytes()
}

// bitString is a deflate stream of single bits, in the order in which they are read.
func bitString(bits string) []byte {
	var out []byte
	n := 0
	for _, bit := range bits {
		if bit == ' ' {
			continue
		}
		if n%8 == 0 {
			out = append(out, 0)
		}
		if bit == '1' {
			out[n/8] |= 1 << (n % 8)
		}
		n++
	}
	return out
}
