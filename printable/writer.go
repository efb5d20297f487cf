package printable

import "io"

// JSONTo returns a writer of JSON that is made safe to show, as JSON does, before w gets it. It is given whole lines.
func JSONTo(w io.Writer) io.Writer { return writer{w, JSON} }

// LinesTo returns a writer of text that is made safe to show, as Lines does, before w gets it. It is given whole lines.
func LinesTo(w io.Writer) io.Writer {
	return writer{w, func(text []byte) []byte { return []byte(Lines(string(text))) }}
}

type writer struct {
	w    io.Writer
	safe func([]byte) []byte
}

// Write implements io.Writer.
func (w writer) Write(text []byte) (int, error) {
	if _, err := w.w.Write(w.safe(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}
