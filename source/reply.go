package source

import (
	"strings"
	"time"
)

// metadata is what the reply subject of a delivery says.
type metadata struct {
	deliveries uint64 // Of this message, this one included.
	sequence   uint64 // In the stream.
	consumer   uint64 // Counts the consumer's deliveries, repetitions included.
	stored     time.Time
	pending    uint64 // Messages of the consumer behind it.
}

// replyPrefix begins the reply subjects of JetStream's deliveries.
const replyPrefix = "$JS.ACK."

// parseReply reads a reply subject without allocating, which nats.Msg.Metadata cannot. There are two forms:
//
//	$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>
//	$JS.ACK.<domain>.<account>.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>. ...
//
// where the second one goes on as the first, and may have a random token at the end.
//
// It reports whether the subject has one of them.
func parseReply(reply string) (metadata, bool) {
	rest, ok := afterConsumer(reply)
	if !ok {
		return metadata{}, false
	}
	var numbers [5]uint64
	for i := range numbers {
		var token string
		token, rest, _ = strings.Cut(rest, ".")
		numbers[i] = decimal(token)
	}
	return metadata{
		deliveries: numbers[0], sequence: numbers[1], consumer: numbers[2],
		stored: time.Unix(0, int64(numbers[3])), pending: numbers[4],
	}, true
}

// afterConsumer returns what follows the consumer's name in a reply subject, and whether it has the right form.
func afterConsumer(reply string) (string, bool) {
	rest, ok := strings.CutPrefix(reply, replyPrefix)
	if !ok {
		return "", false
	}
	names := 2
	switch dots := strings.Count(rest, "."); {
	case dots == 6:
	case dots >= 8:
		names = 4
	default:
		return "", false
	}
	for range names {
		_, rest, _ = strings.Cut(rest, ".")
	}
	return rest, true
}

// consumerOf returns what the reply subjects of one consumer have in common.
func consumerOf(reply string) string {
	rest, _ := afterConsumer(reply)
	return strings.TrimSuffix(reply, rest)
}

// streamOf returns the name of the stream in a reply subject; empty if it has another form.
func streamOf(reply string) string {
	names := strings.Split(consumerOf(reply), ".") // The last one is empty, and the consumer is before it.
	if len(names) < 3 {
		return ""
	}
	return names[len(names)-3]
}

// decimal reads a number; 0 if it is none. A server writes none that overflows.
func decimal(token string) uint64 {
	var n uint64
	for i := range len(token) {
		c := token[i]
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}
