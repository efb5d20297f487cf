package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// whole returns the payload of a dead letter. Of one that was cut, it is had from the stream from which the message
// came, if that still has it.
func (r *Replay) whole(ctx context.Context, m *jetstream.RawStreamMsg) ([]byte, error) {
	return r.wholeOf(ctx, m, maxHops)
}

func (r *Replay) wholeOf(ctx context.Context, m *jetstream.RawStreamMsg, hops int) ([]byte, error) {
	size := m.Header.Get(truncatedHeader)
	if size == "" {
		return m.Data, nil
	}
	stream := m.Header.Get(ourPrefix + "Stream")
	sequence, err := strconv.ParseUint(m.Header.Get(ourPrefix+"Sequence"), 10, 64)
	if stream == "" || err != nil {
		return nil, errors.New("it came from core NATS, which keeps nothing")
	}
	original, err := r.original(ctx, stream, sequence)
	if err != nil {
		return nil, fmt.Errorf("message %d of the stream %s: %w", sequence, stream, err)
	}
	if original.Subject != m.Header.Get(ourPrefix+"Subject") || !storedThen(m.Header, original.Time) {
		return nil, fmt.Errorf(
			"message %d of the stream %s is another one now: the stream was deleted and created again",
			sequence, stream)
	}
	payload := original.Data
	if hops > 0 { // It may have been a dead letter, too.
		if payload, err = r.wholeOf(ctx, original, hops-1); err != nil {
			return nil, err
		}
	}
	if strconv.Itoa(len(payload)) != size || !bytes.HasPrefix(payload, m.Data) {
		return nil, fmt.Errorf("message %d of the stream %s is not the one that was cut", sequence, stream)
	}
	return payload, nil
}

// original reads the message that a dead letter refers to.
func (r *Replay) original(ctx context.Context, stream string, sequence uint64) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replayTimeout)
	defer cancel()
	s, err := r.js.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	return s.GetMsg(ctx, sequence)
}

// storedThen reports whether a message that was stored at a time is the one that a dead letter refers to. One that came
// by a partition stream knows when it was stored there, which is later.
func storedThen(letter nats.Header, at time.Time) bool {
	id := letter.Get(jetstream.MsgIDHeader)
	stored, err := strconv.ParseInt(id[strings.LastIndexByte(id, ':')+1:], 10, 64)
	if err != nil {
		return false
	}
	if letter.Get(ourPrefix+"Partition-Stream") != "" {
		return at.UnixNano() <= stored
	}
	return at.UnixNano() == stored
}
