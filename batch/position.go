package batch

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// position is a reader's position, as JSON.
type position struct {
	Version int               `json:"version"`
	Streams map[string]uint64 `json:"streams"` // By eight hexadecimal digits.
}

// Position returns what a later reader needs to go on where this one is. Save it together with what was delivered.
func (r *Reader) Position() string {
	p := position{Version: 1, Streams: make(map[string]uint64, len(r.places))}
	for _, at := range r.places {
		p.Streams[fmt.Sprintf("%08x", at.stream)] = at.last
	}
	text, _ := json.Marshal(p) // Numbers and digits always are JSON.
	return string(text)
}

// parsePosition returns the places of a position. They count as unused, the lowest stream as the one longest unused.
func parsePosition(text string) ([]place, error) {
	var p position
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("the saved position is not what a reader returns (begin without one): %w", err)
	}
	if p.Version != 1 {
		return nil, fmt.Errorf("the saved position has version %d, known is 1: it is of a newer reader", p.Version)
	}
	if len(p.Streams) > mostStreams {
		return nil, fmt.Errorf("the saved position has %d streams, a reader has %d at most", len(p.Streams),
			mostStreams)
	}
	places := make([]place, 0, mostStreams)
	for key, last := range p.Streams {
		stream, err := strconv.ParseUint(key, 16, 32)
		if err != nil || fmt.Sprintf("%08x", stream) != key {
			return nil, fmt.Errorf("the saved position has a stream %.20q, want eight hexadecimal digits", key)
		}
		if last == 0 || last >= numbersEnd {
			return nil, fmt.Errorf("the saved position of stream %s is not between 1 and 2^53", key)
		}
		places = append(places, place{uint32(stream), last})
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.stream, b.stream) })
	return places, nil
}
