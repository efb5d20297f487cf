package envelope

import (
	"net/url"
	"strconv"
	"strings"
)

// appendID appends the name of a message. A stream's has its sequence, and the time at which it was stored, in
// nanoseconds to the base of 36: a stream that is made anew counts from 1 again.
func (m *Maker) appendID(dst []byte, msg *Message) []byte {
	dst = append(dst, `,"id":"`...)
	switch {
	case msg.Stream != "" && msg.Sequence > 0 && legal(msg.Stream):
		dst = append(appendEscaped(dst, msg.Stream), ':')
		dst = append(strconv.AppendUint(dst, msg.Sequence, 10), ':')
		dst = strconv.AppendInt(dst, msg.Time.UnixNano(), 36)
	case said(m.found.messageID.value):
		dst = appendEscaped(dst, m.found.messageID.value)
	default:
		m.counter++
		dst = append(append(dst, m.life...), ':')
		dst = strconv.AppendUint(dst, m.counter, 10)
	}
	return append(dst, '"')
}

// SourceOf returns the source of the messages that come from a place, as a URI reference such as /nats/hub/ORDERS.
// Empty parts are left out.
func SourceOf(parts ...string) string {
	var source strings.Builder
	source.WriteString("/nats")
	for _, part := range parts {
		if part != "" {
			source.WriteString("/" + url.PathEscape(part))
		}
	}
	return source.String()
}
