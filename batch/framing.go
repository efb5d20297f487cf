// Package batch puts several messages into one publish and takes them apart again. The formats are specified in
// docs/batch-formats.md; batch/js has a decoder for browsers. Subscribers may use Split.
package batch

import "fmt"

// Format names a framing, as batch.format does in the configuration.
type Format string

// The formats.
const (
	Lines          Format = "lines"           // Each message is followed by a line feed.
	JSON           Format = "json"            // An array of messages.
	LengthPrefixed Format = "length-prefixed" // Each message comes after its length.
)

// Framing encodes batches. It may be used concurrently.
type Framing interface {
	// Size returns how many bytes a message adds to a batch. An error says why the message cannot be in any batch.
	Size(payload []byte) (int, error)
	// Overhead returns how many bytes a batch has besides its messages: its length is Overhead plus the sizes of its
	// messages.
	Overhead() int
	// Append copies a message into a batch; an empty dst begins one. The size must be what Size has returned for the
	// payload.
	Append(dst, payload []byte, size int) []byte
	// End completes a batch. A batch of no messages is not defined.
	End(dst []byte) []byte
}

// Parse returns the framing of a format.
func Parse(name string) (Framing, error) {
	switch Format(name) {
	case Lines:
		return lines{}, nil
	case JSON:
		return array{}, nil
	case LengthPrefixed:
		return prefixed{}, nil
	case Packed: // Packers make them.
	}
	return nil, fmt.Errorf("unknown batch format %q: it is lines, json or length-prefixed", name)
}

// Split returns the messages of a batch, in their order and byte for byte. They may share the memory of the batch, but
// never that of each other: appending to one leaves the others as they are. Split refuses what no encoder could have
// made, except white space and escapes in JSON, and a batch without messages. It needs memory in proportion to the
// batch.
func Split(format Format, batch []byte) ([][]byte, error) {
	switch format {
	case Lines:
		return splitLines(batch)
	case JSON:
		return splitArray(batch)
	case LengthPrefixed:
		return splitPrefixed(batch)
	case Packed:
		return splitPacked(batch)
	}
	return nil, fmt.Errorf("unknown batch format %q: it is lines, json, length-prefixed or packed", format)
}
