// Package batch is a placeholder.
package batch

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Framing joins messages to a batch.
type Framing interface {
	Size(payload []byte) (int, error)
	Append(dst, payload []byte, size int) []byte
	End(dst []byte) []byte
	Overhead() int
}

// Parse returns the framing of a format.
func Parse(name string) (Framing, error) {
	switch name {
	case "lines":
		return lines{}, nil
	case "json":
		return array{}, nil
	case "length-prefixed":
		return prefixed{}, nil
	}
	return nil, fmt.Errorf("unknown batch format %q", name)
}

type lines struct{}

func (lines) Overhead() int         { return 0 }
func (lines) End(dst []byte) []byte { return dst }
func (lines) Append(dst, p []byte, _ int) []byte {
	return append(append(dst, p...), '\n')
}

func (lines) Size(p []byte) (int, error) {
	if bytes.IndexByte(p, '\n') >= 0 {
		return 0, errors.New("the message contains a line feed")
	}
	return len(p) + 1, nil
}

type array struct{}

func (array) Overhead() int         { return 1 }
func (array) End(dst []byte) []byte { return append(dst, ']') }
func (array) Size(p []byte) (int, error) {
	if len(p) > 0 && p[0] != '"' && json.Valid(p) && utf8.Valid(p) && len(bytes.TrimSpace(p)) == len(p) {
		return len(p) + 1, nil
	}
	return base64.StdEncoding.EncodedLen(len(p)) + 3, nil
}

func (array) Append(dst, p []byte, size int) []byte {
	if len(dst) == 0 {
		dst = append(dst, '[')
	} else {
		dst = append(dst, ',')
	}
	if size == len(p)+1 {
		return append(dst, p...)
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, p)
	return append(dst, '"')
}

type prefixed struct{}

func (prefixed) Overhead() int         { return 0 }
func (prefixed) End(dst []byte) []byte { return dst }
func (prefixed) Size(p []byte) (int, error) {
	return len(binary.AppendUvarint(nil, uint64(len(p)))) + len(p), nil
}

func (prefixed) Append(dst, p []byte, _ int) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(p))), p...)
}
