package batch

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// Numbers of packed batches are below 2^53, which every language can count up to. Signed ones take one bit more, and
// sums of times go as far as 2^52 in both directions.
const (
	numbersEnd    = 1 << 53
	farthestTime  = 1 << 52
	longestNumber = 8 // Bytes.
)

// The encoder's times, so that the difference of any two is a signed number: years from -69 000 to 73 000.
const (
	earliest = -1 << 51
	latest   = 1<<51 - 1
)

// numberSize returns how many bytes a number takes.
func numberSize(n uint64) int { return max(1, (bits.Len64(n)+6)/7) }

// zigzag puts the sign of a number into its lowest bit, so that small ones stay short.
func zigzag(n int64) uint64 { return uint64(n)<<1 ^ uint64(n>>63) }

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// millis returns a time as a packed batch has it: 0 when it is not known.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return min(max(t.UnixMilli(), earliest), latest)
}

func appendText[T ~string | ~[]byte](dst []byte, text T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// cursor reads what is left of a batch. After the first fault it reads nothing but zeros, and fault says why.
type cursor struct {
	rest  []byte
	fault string
}

func (c *cursor) refuse(why string) {
	if c.fault == "" {
		c.fault = why
	}
	c.rest = nil
}

func (c *cursor) number() uint64 {
	if c.fault != "" {
		return 0
	}
	value, n := binary.Uvarint(c.rest)
	switch {
	case n == 0:
		c.refuse("it ends within a number: it has been cut off")
		return 0
	case n < 0, value >= numbersEnd:
		c.refuse("a number is not below 2^53")
		return 0
	case n > 1 && c.rest[n-1] == 0:
		c.refuse("a number is not in its shortest form")
		return 0
	}
	c.rest = c.rest[n:]
	return value
}

// bytes reads a length and as many bytes, which share the memory of the batch.
func (c *cursor) bytes() []byte {
	length := c.number()
	if length > uint64(len(c.rest)) {
		c.refuse("a length goes beyond the end: it has been cut off")
		return nil
	}
	taken := c.rest[:length:length]
	c.rest = c.rest[length:]
	return taken
}
