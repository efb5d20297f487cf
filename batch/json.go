package batch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// array is the format of JSON arrays.
type array struct{}

// Overhead implements Framing: the closing bracket. The opening one and the commas belong to the messages.
func (array) Overhead() int { return 1 }

func (array) End(dst []byte) []byte { return append(dst, ']') }

func (array) Size(payload []byte) (int, error) {
	if embeddable(payload) {
		return len(payload) + 1, nil
	}
	return base64.StdEncoding.EncodedLen(len(payload)) + 3, nil
}

// Append implements Framing. As a string is always longer, the size tells whether the payload is embedded.
func (array) Append(dst, payload []byte, size int) []byte {
	separator := byte(',')
	if len(dst) == 0 {
		separator = '['
	}
	dst = append(dst, separator)
	if size == len(payload)+1 {
		return append(dst, payload...)
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, payload)
	return append(dst, '"')
}

// Deepest is how many levels an embedded message may have. With the array around it the batch is then still accepted by
// parsers that stop at 64 levels, as .NET's does by default.
const Deepest = 60

// embeddable reports whether the payload can be an element of an array as it is, and be found again byte for byte: it
// is JSON that every parser takes; it is no string, as strings are base64; and it has no white space around it, which
// would belong to the array.
func embeddable(payload []byte) bool {
	if len(payload) == 0 {
		return false
	}
	if !begins(payload[0]) || blank(payload[len(payload)-1]) {
		return false
	}
	return json.Valid(payload) && utf8.Valid(payload) && Within(payload, Deepest)
}

// Within reports whether valid JSON nests arrays and objects no deeper than levels.
func Within(text []byte, levels int) bool {
	if bytes.Count(text, []byte{'['})+bytes.Count(text, []byte{'{'}) <= levels { // The usual case, and much faster.
		return true
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			if depth++; depth > levels {
				return false
			}
		case ']', '}':
			depth--
		}
	}
	return true
}

// begins reports whether an embedded message may begin with c. json.Valid would find out, too, but allocates an error.
func begins(c byte) bool {
	switch c {
	case '{', '[', '-', 't', 'f', 'n':
		return true
	}
	return '0' <= c && c <= '9'
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func splitArray(batch []byte) ([][]byte, error) {
	if !utf8.Valid(batch) {
		return nil, errors.New("the batch is not valid UTF-8")
	}
	if start := bytes.TrimLeft(batch, " \t\r\n"); len(start) == 0 || start[0] != '[' {
		return nil, errors.New("the batch is not a JSON array")
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(batch, &elements); err != nil {
		return nil, fmt.Errorf("the batch is not a JSON array: %w", err)
	}
	messages := make([][]byte, len(elements))
	for i, element := range elements {
		if element[0] != '"' {
			messages[i] = element
			continue
		}
		message, err := decodeElement(element)
		if err != nil {
			return nil, fmt.Errorf("element %d of the batch: %w", i, err)
		}
		messages[i] = message
	}
	return messages, nil
}

// decodeElement returns the bytes of a message that is a string of base64.
func decodeElement(element []byte) ([]byte, error) {
	var text string
	if err := json.Unmarshal(element, &text); err != nil {
		return nil, err
	}
	if strings.ContainsAny(text, "\r\n") { // Which the decoder would skip.
		return nil, errors.New("a line break in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}
