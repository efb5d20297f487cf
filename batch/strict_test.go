package batch

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// strict takes anything apart and says what is wrong with that: what is taken is a batch, byte for byte what its
// messages are when they are encoded again, by other code; its deflate stream is what the standard library reads; and
// it is not longer than it may be.
func strict(publish []byte) error {
	_, err := unpackStrictly(publish)
	return err
}

// unpackStrictly also reports whether the publish was taken.
func unpackStrictly(publish []byte) (taken bool, err error) {
	got, err := Unpack(publish, 0)
	return err == nil, compare(publish, got, err)
}

func compare(publish []byte, got Publish, err error) error {
	body, bodyErr := otherBody(publish)
	if err != nil {
		if refused := new(RefusedError); !errors.As(err, &refused) {
			return fmt.Errorf("another error than that it is refused: %w", err)
		}
		if errors.Is(bodyErr, errOther) != (err.Error() == (&RefusedError{errDeflate.Error()}).Error()) {
			return fmt.Errorf("%w, the standard library says %w", err, bodyErr)
		}
		return nil
	}
	if bodyErr != nil {
		return fmt.Errorf("it is taken, the standard library says: %w", bodyErr)
	}
	if len(body) > mostBody || len(got.Messages) > mostMessages {
		return fmt.Errorf("%d messages of a body of %d bytes", len(got.Messages), len(body))
	}
	flags := publish[2]
	head := join(publish[:3])
	if got.Marked {
		back := uint64(0)
		if got.Marker.Previous > 0 {
			back = got.Marker.First - got.Marker.Previous
		}
		head = join(head, marked(got.Marker.Stream, got.Marker.First, back))
	}
	if !bytes.HasPrefix(publish, head) || got.Marked != (flags&flagMarker != 0) {
		return fmt.Errorf("the head is % x, its encoding % x", publish[:len(head)], head)
	}
	if again := otherEncoding(flags, got); !bytes.Equal(again, body) {
		return fmt.Errorf("the body is % x, encoded again % x", body, again)
	}
	return nil
}

// otherReaders are of the standard library, which is slow to make them.
var otherReaders = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

var errOther = errors.New("no complete deflate stream")

// otherBody returns the body of a publish as the standard library inflates it. Where there is none, or it is too long,
// it says so; errOther, if that is the fault of the deflate stream.
func otherBody(publish []byte) ([]byte, error) {
	if len(publish) < 3 || publish[0] != 0xf5 || publish[1] != 1 || publish[2]&0xe0 != 0 {
		return nil, errors.New("no head")
	}
	rest := publish[3:]
	if publish[2]&flagMarker != 0 {
		c := cursor{rest: rest}
		if c.marker(); c.fault != "" {
			return nil, errors.New("no marker")
		}
		rest = c.rest
	}
	if publish[2]&flagDeflate == 0 {
		return rest, nil
	}
	source := bytes.NewReader(rest)
	reader := otherReaders.Get().(io.Reader)
	defer otherReaders.Put(reader)
	_ = reader.(flate.Resetter).Reset(source, nil)
	body, err := io.ReadAll(io.LimitReader(reader, mostBody+1))
	switch {
	case len(body) > mostBody:
		return nil, errors.New("too long")
	case err != nil:
		return nil, errOther
	case source.Len() > 0:
		return nil, errors.New("something follows")
	}
	return body, nil
}

// otherEncoding is the body of messages, in as few words as the specification.
func otherEncoding(flags byte, p Publish) (body []byte) {
	sequence, now := uint64(0), int64(0)
	for i, m := range p.Messages {
		if p.Marked && i > 0 {
			body = binary.AppendUvarint(body, m.Sequence-sequence)
		}
		if flags&flagTime != 0 {
			body = binary.AppendVarint(body, m.Time.UnixMilli()-now)
			now = m.Time.UnixMilli()
		}
		if flags&flagSubject != 0 {
			body = join(body, text(m.Subject))
		}
		if flags&flagHeaders != 0 {
			body = binary.AppendUvarint(body, uint64(len(m.Headers)))
			for _, f := range m.Headers {
				body = join(body, text(f.Name), text(f.Value))
			}
		}
		body = append(binary.AppendUvarint(body, uint64(len(m.Payload))), m.Payload...)
		sequence = m.Sequence
	}
	return body
}
