package batch

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

// deflateLevel is chosen by measurement: see docs/decisions.md.
const deflateLevel = 6

// A writer of a level takes about a megabyte, so that there are only as many as are at work at the same time. They are
// no sync.Pool, which forgets them at each collection.
var (
	deflaters = make(chan *flate.Writer, 16)
	inflaters = make(chan *inflater, 16)
)

// deflate appends a body's deflate stream to out.
func deflate(out *appender, body []byte) {
	var w *flate.Writer
	select {
	case w = <-deflaters:
		w.Reset(out)
	default:
		w, _ = flate.NewWriter(out, deflateLevel) // It fails for unknown levels alone.
	}
	_, _ = w.Write(body) // An appender takes everything.
	_ = w.Close()
	w.Reset(nil)
	select {
	case deflaters <- w:
	default:
	}
}

// appender is a slice to be written to.
type appender struct{ bytes []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.bytes = append(a.bytes, p...)
	return len(p), nil
}

// inflater reads deflate streams, one at a time.
type inflater struct {
	source bytes.Reader
	stream io.ReadCloser
}

var (
	errTooLong  = errors.New("its body is longer than may be inflated")
	errTrailing = errors.New("something follows the deflate stream")
	errDeflate  = errors.New("its body is no complete deflate stream")
)

// inflate returns what a deflate stream holds, at most so many bytes, and refuses what follows it. It takes no more
// memory than twice that.
func inflate(deflated []byte, most int) ([]byte, error) {
	var in *inflater
	select {
	case in = <-inflaters:
	default:
		in = &inflater{}
		in.stream = flate.NewReader(&in.source)
	}
	body, err := in.read(deflated, most)
	in.source.Reset(nil)
	select {
	case inflaters <- in:
	default:
	}
	return body, err
}

func (in *inflater) read(deflated []byte, most int) ([]byte, error) {
	in.source.Reset(deflated)
	if err := in.stream.(flate.Resetter).Reset(&in.source, nil); err != nil {
		return nil, errDeflate
	}
	body := make([]byte, 0, min(most+1, 8*len(deflated)+64))
	for {
		n, err := in.stream.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > most:
			return nil, errTooLong
		case errors.Is(err, io.EOF):
			if in.source.Len() > 0 {
				return nil, errTrailing
			}
			return body, nil
		case err != nil:
			return nil, errDeflate
		}
		if len(body) == cap(body) {
			larger := make([]byte, len(body), min(most+1, 2*len(body)))
			copy(larger, body)
			body = larger
		}
	}
}
