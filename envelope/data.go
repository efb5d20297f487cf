package envelope

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"momento-bridge/batch"
)

// place is where an event has its data.
type place uint8

const (
	placeWhole  place = iota // The event is the payload.
	placeBehind              // So it is, with white space around it: the payload follows in the memory behind it.
	placeNone                // There are no data.
	placeJSON                // In data, as it is.
	placeText                // In data, as a string.
	placeBase64              // In data_base64.
)

// Data says where an event has the payload of its message. The zero value says that it is the payload.
type Data struct {
	at    int32 // Where the data begin; with placeBehind, how long the payload is.
	place place
}

// Payload returns the payload of the message that an event was made of, byte for byte. It may share the event's memory.
// The event must be the slice that Make has returned, or one with the same bytes and capacity.
func (d Data) Payload(event []byte) []byte {
	switch d.place {
	case placeWhole:
		return event
	case placeBehind:
		return event[len(event) : len(event)+int(d.at)]
	case placeNone:
		return nil
	case placeJSON:
		return event[d.at : len(event)-1]
	case placeText:
		var text string
		_ = json.Unmarshal(event[d.at:len(event)-1], &text) // It is a string that appendEscaped has made.
		return []byte(text)
	case placeBase64:
		payload, _ := base64.StdEncoding.AppendDecode(nil, event[d.at+1:len(event)-2]) // Likewise.
		return payload
	}
	return nil
}

// keep returns a message that is an event already.
func keep(event, payload []byte) ([]byte, Data) {
	if len(event) == len(payload) {
		return event, Data{}
	}
	both := make([]byte, 0, len(event)+len(payload))
	both = append(append(both, event...), payload...)
	size := int32(len(payload)) //nolint:gosec // NATS has no larger ones.
	return both[:len(event)], Data{at: size, place: placeBehind}
}

// placeOf says where an event is to have a payload. Without a content type JSON is told by how it looks.
func placeOf(payload []byte, m media) place {
	switch {
	case len(payload) == 0:
		return placeNone
	case (m.json || m.text == "") && embeddable(payload):
		return placeJSON
	case m.string && utf8.Valid(payload):
		return placeText
	}
	return placeBase64
}

// embeddable reports whether a payload is JSON that every parser takes as a member of an event, itself an element of a
// JSON batch.
func embeddable(payload []byte) bool {
	text := trim(payload)
	return len(text) > 0 && begins(text[0]) && json.Valid(text) && utf8.Valid(text) &&
		batch.Within(text, batch.Deepest-1) && finite(text)
}

// finite reports whether a float64 can be each number in valid JSON. The Go SDK refuses a batch with any other, and the
// JavaScript SDK one whose data are such a number.
func finite(text []byte) bool {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			i += stringEnd(text[i:])
		case c == '-' || '0' <= c && c <= '9':
			end := i + numberEnd(text[i:])
			if !inRange(text[i:end]) {
				return false
			}
			i = end
		default:
			i++
		}
	}
	return true
}

// inRange is finite for a number.
func inRange(number []byte) bool {
	const short = 300 // Digits, without an exponent.
	if len(number) <= short && bytes.IndexByte(number, 'e') < 0 && bytes.IndexByte(number, 'E') < 0 {
		return true
	}
	_, err := strconv.ParseFloat(string(number), 64)
	return err == nil
}

// numberEnd returns where a number ends that a text begins with.
func numberEnd(text []byte) int {
	for i, c := range text {
		switch c {
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '+', '.', 'e', 'E':
		default:
			return i
		}
	}
	return len(text)
}

// begins reports whether JSON may begin with c. json.Valid would find out, too, but allocates an error.
func begins(c byte) bool {
	switch c {
	case '{', '[', '"', '-', 't', 'f', 'n':
		return true
	}
	return '0' <= c && c <= '9'
}

// trim returns JSON without the white space around it.
func trim(payload []byte) []byte { return bytes.Trim(payload, " \t\r\n") }

// wrap returns an event of its attributes and data.
func wrap(head, payload []byte, p place) ([]byte, Data) {
	const data, base = `,"data":`, `,"data_base64":"`
	size := len(head) + 1
	switch p {
	case placeWhole, placeBehind, placeNone:
	case placeJSON:
		size += len(data) + len(payload)
	case placeText:
		size += len(data) + escapedSize(payload) + 2
	case placeBase64:
		size += len(base) + base64.StdEncoding.EncodedLen(len(payload)) + 1
	}
	event := append(make([]byte, 0, size), head...)
	at := len(head)
	switch p {
	case placeWhole, placeBehind, placeNone:
	case placeJSON:
		at += len(data)
		event = append(append(event, data...), payload...)
	case placeText:
		at += len(data)
		event = append(event, data+`"`...)
		event = append(appendEscaped(event, payload), '"')
	case placeBase64:
		at += len(base) - 1
		event = append(event, base...)
		event = append(base64.StdEncoding.AppendEncode(event, payload), '"')
	}
	return append(event, '}'), Data{at: int32(at), place: p} //nolint:gosec // Attributes are not that long.
}
