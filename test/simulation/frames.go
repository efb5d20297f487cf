package simulation

import (
	"bytes"
	"strconv"
	"strings"
)

// frame is a message as the protocol of NATS has it.
type frame struct {
	subject, reply string
	payload        []byte // Without the header, if there is one.
}

// frames takes what a client says apart, cut anyhow.
type frames struct{ rest []byte }

// add takes more bytes, and calls each with the messages among them, or nil for what is none, and their sizes. What it
// gives is good until it returns.
func (p *frames) add(b []byte, each func(f *frame, size int)) {
	p.rest = append(p.rest, b...)
	used := 0
	for {
		f, n := frameOf(p.rest[used:])
		if n == 0 {
			break
		}
		used += n
		each(&f, n)
	}
	p.rest = append(p.rest[:0], p.rest[used:]...)
}

// frameOf reads one operation, and returns its size; 0: it is not there as a whole. Of what is no message the frame is
// empty. The payload is a part of b.
func frameOf(b []byte) (frame, int) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return frame{}, 0
	}
	words := strings.Fields(string(b[:min(end, 4096)]))
	if len(words) == 0 {
		return frame{}, end + 1
	}
	headed := words[0][0] == 'H'
	var first int // The first word after the subject.
	switch words[0] {
	case "PUB", "HPUB":
		first = 2
	case "MSG", "HMSG":
		first = 3
	default:
		return frame{}, end + 1
	}
	sizes := 1
	if headed {
		sizes = 2
	}
	total, _ := strconv.Atoi(words[len(words)-1])
	if len(b) < end+1+total+2 {
		return frame{}, 0
	}
	head := 0
	if headed {
		head, _ = strconv.Atoi(words[len(words)-2])
	}
	f := frame{subject: words[1]}
	if len(words)-sizes > first {
		f.reply = words[first]
	}
	f.payload = b[end+1+head : end+1+total]
	return f, end + 1 + total + 2
}

// deliveriesIn returns the messages that the server gives a client, which it says whole.
func deliveriesIn(b []byte) []frame {
	if !bytes.Contains(b, []byte("MSG ")) {
		return nil
	}
	var all []frame
	for len(b) > 0 {
		f, n := frameOf(b)
		if n == 0 {
			break
		}
		if f.subject != "" && !strings.HasPrefix(f.subject, inbox) {
			all = append(all, f)
		}
		b = b[n:]
	}
	return all
}

// ackOf is what the reply subject of a delivery says.
type ackOf struct {
	stream               string
	deliveries, sequence uint64
}

func parseAck(subject string) (ackOf, bool) {
	words := strings.Split(subject, ".")
	if len(words) < 9 || words[0] != "$JS" || words[1] != "ACK" {
		return ackOf{}, false
	}
	words = words[2:]
	if len(words) >= 9 { // With domain and account.
		words = words[2:]
	}
	deliveries, _ := strconv.ParseUint(words[2], 10, 64)
	sequence, _ := strconv.ParseUint(words[3], 10, 64)
	return ackOf{words[0], deliveries, sequence}, true
}
