package batch

import (
	"bytes"
	"errors"
	"slices"
)

// errLineFeed says why a message cannot be a line.
var errLineFeed = errors.New(
	"the message contains a line feed, which would end it in a batch of lines: use json or length-prefixed")

// lines is the format of lines.
type lines struct{}

func (lines) Overhead() int { return 0 }

func (lines) End(dst []byte) []byte { return dst }

func (lines) Size(payload []byte) (int, error) {
	if bytes.IndexByte(payload, '\n') >= 0 {
		return 0, errLineFeed
	}
	return len(payload) + 1, nil
}

func (lines) Append(dst, payload []byte, _ int) []byte {
	return append(append(dst, payload...), '\n')
}

func splitLines(batch []byte) ([][]byte, error) {
	messages := make([][]byte, 0, bytes.Count(batch, []byte{'\n'}))
	for len(batch) > 0 {
		line, rest, ended := bytes.Cut(batch, []byte{'\n'})
		if !ended {
			return nil, errors.New("the last line of the batch does not end with a line feed: it has been cut off")
		}
		messages = append(messages, slices.Clip(line))
		batch = rest
	}
	return messages, nil
}
