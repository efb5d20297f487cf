package simulation

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"strconv"
	"time"
)

// history is what has happened, as a hash of all of it and the last of it in words. Two runs with the same history have
// done the same.
type history struct {
	sum    hash.Hash64
	line   []byte
	latest [kept][]byte
	n      int
	echo   func(string) // nil: nobody follows.
}

// kept is how many of the last events are kept for whoever asks what went before a fault.
const kept = 400

func newHistory() *history { return &history{sum: fnv.New64a()} }

// note adds an event.
func (h *history) note(at int64, what string, numbers ...int64) {
	b := strconv.AppendInt(h.line[:0], at, 10)
	b = append(append(b, ' '), what...)
	for _, n := range numbers {
		b = strconv.AppendInt(append(b, ' '), n, 10)
	}
	h.line = append(b, '\n')
	_, _ = h.sum.Write(h.line)
	h.latest[h.n%kept] = append(h.latest[h.n%kept][:0], b...)
	h.n++
	if h.echo != nil {
		h.echo(string(b))
	}
}

// digest is the hash of a piece of what was sent.
func digest(b []byte) int64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	for ; len(b) >= 8; b = b[8:] {
		h = (h ^ binary.LittleEndian.Uint64(b)) * prime
		h ^= h >> 32
	}
	for _, c := range b {
		h = (h ^ uint64(c)) * prime
	}
	return int64(h >> 1) //nolint:gosec // A hash.
}

// last returns the latest events, the oldest first, with their times as durations.
func (h *history) last(n int) []string {
	n = min(n, h.n, kept)
	lines := make([]string, n)
	for i := range n {
		lines[i] = spelled(string(h.latest[(h.n-n+i)%kept]))
	}
	return lines
}

func spelled(line string) string {
	var at int64
	var rest string
	for i, c := range line {
		if c == ' ' {
			at, _ = strconv.ParseInt(line[:i], 10, 64)
			rest = line[i+1:]
			break
		}
	}
	return fmt.Sprintf("%v %s", time.Duration(at), rest)
}
