package batch

import "math"

// Packing is what a route's packed batches carry of each message besides its payload. It is not changed while in use,
// and may be used concurrently.
type Packing struct {
	Subject, Time bool
	Headers       []string // Names, in this case of letters. "*" alone: all of them.
}

// Unpackable is the size of a message that no decoder takes, even alone.
const Unpackable = math.MaxInt32

// Overhead returns how many bytes a packed batch has besides its body, at most.
func (p *Packing) Overhead() int { return longestHead }

// Size returns how many bytes a message adds to the body of a batch, at most, before it is deflated; or Unpackable.
func (p *Packing) Size(payload []byte, subject string, header map[string][]string) int {
	size := longestNumber + textSize(len(payload))
	if p.Time {
		size += longestNumber
	}
	if p.Subject {
		size += textSize(len(subject))
	}
	if len(p.Headers) > 0 {
		fields, bytes := p.fields(header)
		if fields > mostFields {
			return Unpackable
		}
		size += numberSize(uint64(fields)) + bytes
	}
	if size > mostBody {
		return Unpackable
	}
	return size
}

// fields returns how many headers a message has that are carried, and how many bytes they take.
func (p *Packing) fields(header map[string][]string) (fields, bytes int) {
	if p.all() {
		for name, values := range header {
			fields += len(values)
			bytes += fieldsSize(name, values)
		}
		return fields, bytes
	}
	for _, name := range p.Headers {
		values := header[name]
		fields += len(values)
		bytes += fieldsSize(name, values)
	}
	return fields, bytes
}

// all reports whether all headers are carried.
func (p *Packing) all() bool { return len(p.Headers) == 1 && p.Headers[0] == "*" }

// flags returns those of a batch but deflate and marker.
func (p *Packing) flags() (flags byte) {
	if p.Subject {
		flags |= flagSubject
	}
	if p.Time {
		flags |= flagTime
	}
	if len(p.Headers) > 0 {
		flags |= flagHeaders
	}
	return flags
}

func fieldsSize(name string, values []string) (size int) {
	for _, value := range values {
		size += textSize(len(name)) + textSize(len(value))
	}
	return size
}

func textSize(length int) int { return numberSize(uint64(length)) + length }
