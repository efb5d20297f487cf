package batch

import "time"

// Packed is the format of packed batches: binary, deflated where that makes them smaller, and with what the route
// carries of each message besides its payload. Packer makes them, Unpack takes them apart; they are no Framing.
const Packed Format = "packed"

// Field is one header of a message. A header with several values is several fields.
type Field struct{ Name, Value string }

// Message is what a packed batch holds of one message. What the route does not carry is empty. Where there is no
// marker, Sequence is 0.
type Message struct {
	Payload  []byte
	Subject  string
	Time     time.Time // To the millisecond.
	Headers  []Field
	Sequence uint64 // In its stream.
}

// Marker says where a batch stands in its stream.
type Marker struct {
	Stream   uint32 // The stream's incarnation: another one after the stream was deleted and made again.
	First    uint64 // Sequence of the first message.
	Previous uint64 // Sequence of the message before it of the same topic. 0: not known.
}

// Publish is a packed batch taken apart.
type Publish struct {
	Marked   bool
	Marker   Marker
	Messages []Message
}

// Every packed batch begins with these two bytes, which are no UTF-8, and its flags.
const (
	packedMagic   = 0xf5
	packedVersion = 0x01
)

// The flags.
const (
	flagDeflate = 1 << iota
	flagMarker
	flagSubject
	flagTime
	flagHeaders
	flagsKnown = 1<<iota - 1
)

// The bounds of a packed batch. No decoder takes more; the encoder's bodies are smaller still.
const (
	mostBody     = 1 << 20   // Bytes of a body once inflated.
	mostMessages = 1 << 16   // Messages, however short.
	mostFields   = 1 << 16   // Headers of all messages together.
	mostPacked   = 256 << 10 // Bytes of a body that the encoder makes of several messages.
)

// longestHead is the longest beginning of a batch before its body: magic, version, flags, and a marker of the longest
// numbers.
const longestHead = 3 + 4 + 2*longestNumber

// RefusedError says why something is no packed batch, or none for this decoder.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "the packed batch is refused: " + e.Reason }
