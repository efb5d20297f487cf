package batch

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// prefixed is the format of length-prefixed messages.
type prefixed struct{}

func (prefixed) Overhead() int { return 0 }

func (prefixed) End(dst []byte) []byte { return dst }

func (prefixed) Size(payload []byte) (int, error) {
	return max(1, (bits.Len(uint(len(payload)))+6)/7) + len(payload), nil
}

func (prefixed) Append(dst, payload []byte, _ int) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...)
}

func splitPrefixed(batch []byte) ([][]byte, error) {
	var messages [][]byte
	for len(batch) > 0 {
		length, n := binary.Uvarint(batch)
		switch {
		case n < 0, n > 1 && batch[n-1] == 0:
			return nil, errors.New("a length in the batch is not a varint of the shortest form")
		case n == 0, length > uint64(len(batch)-n):
			return nil, errors.New("the batch ends within a message: it has been cut off")
		}
		end := n + int(length)
		messages = append(messages, batch[n:end:end])
		batch = batch[end:]
	}
	return messages, nil
}
