// Package batch puts several messages into one publish and takes them apart again. The formats are specified in docs/batch-formats.md;
// batch/js has a decoder for browsers. Subscribers may use Split.
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
	// Size is how many bytes a message adds to a batch. An error says why it can be in none.
	Size(payload []byte) (int, error)
	// Overhead is what a batch has besides its messages, in bytes: it is as long as Overhead and the sizes of its messages together.
	Overhead() int
	// Append adds a message to a batch; an empty dst begins one. The size must be what Size has returned for the payload, which is copied.
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
	}
	return nil, fmt.Errorf("unknown batch format %q: it is lines, json or length-prefixed", name)
}

// Split returns the messages of a batch, in their order and byte for byte. They may share the batch's memory, never each
// other's: to append to one leaves the others as they are. It refuses what no encoder makes of any messages, but for white space and escapes in
// JSON and a batch of no messages, and needs memory in proportion to the batch only.
func Split(format Format, batch []byte) ([][]byte, error) {
	switch format {
	case Lines:
		return splitLines(batch)
	case JSON:
		return splitArray(batch)
	case LengthPrefixed:
		return splitPrefixed(batch)
	}
	return nil, fmt.Errorf("unknown batch format %q: it is lines, json or length-prefixed", format)
}
