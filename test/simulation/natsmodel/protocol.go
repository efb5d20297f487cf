package natsmodel

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// receive reads what it can of the bytes that have come so far, and keeps the rest.
func (c *conn) receive(b []byte) {
	c.heard = true
	in := b
	if len(c.in) > 0 {
		c.in = append(c.in, b...)
		in = c.in
	}
	used := 0
	for !c.closed {
		n := c.operation(in[used:])
		if n == 0 {
			break
		}
		used += n
	}
	if c.closed {
		return
	}
	c.in = append(c.in[:0], in[used:]...)
}

// operation carries one operation out, and returns how many bytes it took; 0: it has not come as a whole.
func (c *conn) operation(in []byte) int {
	end := bytes.IndexByte(in, '\n')
	if end < 0 {
		if len(in) > maxControlLine {
			c.end("Maximum Control Line Exceeded")
		}
		return 0
	}
	line := bytes.TrimSuffix(in[:end], []byte{'\r'})
	if len(line) > maxControlLine {
		c.end("Maximum Control Line Exceeded")
		return 0
	}
	word, rest := line, []byte(nil)
	if at := bytes.IndexAny(line, " \t"); at >= 0 {
		word, rest = line[:at], line[at+1:]
	}
	var upper [7]byte
	switch string(inUpper(word, upper[:])) {
	case "PUB":
		return c.publish(in, end+1, rest, false)
	case "HPUB":
		return c.publish(in, end+1, rest, true)
	case "PING":
		c.pinged()
	case "PONG":
		c.pings = 0
	case "SUB":
		c.sub(strings.Fields(string(rest)))
	case "UNSUB":
		c.unsub(strings.Fields(string(rest)))
	case "CONNECT":
		c.connect(rest)
	case "+OK", "INFO":
	case "-ERR":
		c.end("")
	default:
		c.end("Unknown Protocol Operation")
	}
	if c.closed {
		return 0
	}
	return end + 1
}

// inUpper returns a word in capitals, in the room that it is given; nothing if it has too little.
func inUpper(word, room []byte) []byte {
	if len(word) > len(room) {
		return nil
	}
	for i, b := range word {
		if 'a' <= b && b <= 'z' {
			b -= 'a' - 'A'
		}
		room[i] = b
	}
	return room[:len(word)]
}

func (c *conn) connect(body []byte) {
	o := options{Echo: true}
	if json.Unmarshal(body, &o) != nil {
		c.end("Parser Error")
		return
	}
	if o.NoResponders && !o.Headers {
		c.end("no responders requires headers support")
		return
	}
	c.options = o
	c.ok()
}

func (c *conn) pinged() {
	c.write("PONG\r\n")
	if !c.greeted && c.options.Protocol >= 1 {
		c.info(true)
	}
	c.greeted = true
}

func (c *conn) sub(words []string) {
	switch len(words) {
	case 2:
		c.subscribe(words[0], "", words[1])
	case 3:
		c.subscribe(words[0], words[1], words[2])
	default:
		c.end("Parser Error")
	}
}

func (c *conn) unsub(words []string) {
	most := 0
	if len(words) == 2 {
		n, err := strconv.Atoi(words[1])
		if err != nil || n < 0 {
			n = 0
		}
		most = n
	}
	if len(words) != 1 && len(words) != 2 {
		c.end("Parser Error")
		return
	}
	c.limit(words[0], most)
}

// publish takes a message whose line ends at a place.
func (c *conn) publish(in []byte, at int, rest []byte, headed bool) int {
	var words [5][]byte
	n := fields(rest, &words)
	sizes := 1
	if headed {
		sizes = 2
	}
	if n != 1+sizes && n != 2+sizes {
		c.end("Parser Error")
		return 0
	}
	total, headers := size(words[n-1]), 0
	if headed {
		headers = size(words[n-2])
	}
	switch {
	case total < 0 || headers < 0 || headers > total:
		c.end("Parser Error")
		return 0
	case total > c.server.cfg.MaxPayload:
		c.end("Maximum Payload Violation")
		return 0
	case len(in) < at+total+2:
		return 0
	case in[at+total] != '\r' || in[at+total+1] != '\n':
		c.end("Unknown Protocol Operation")
		return 0
	}
	m := message{subject: string(words[0]), header: in[at : at+headers], data: in[at+headers : at+total]}
	if n == 2+sizes {
		m.reply = string(words[1])
	}
	c.server.route(c, &m)
	c.ok()
	return at + total + 2
}

// fields cuts a line into words, one more at the most than there may be, and returns how many.
func fields(line []byte, words *[5][]byte) int {
	n := 0
	for n < len(words) {
		line = bytes.TrimLeft(line, " \t")
		if len(line) == 0 {
			break
		}
		end := bytes.IndexAny(line, " \t")
		if end < 0 {
			end = len(line)
		}
		words[n] = line[:end]
		line = line[end:]
		n++
	}
	return n
}

// size reads a number of bytes; -1 if it is none.
func size(word []byte) int {
	if len(word) == 0 || len(word) > 9 {
		return -1
	}
	n := 0
	for _, d := range word {
		if d < '0' || d > '9' {
			return -1
		}
		n = 10*n + int(d-'0')
	}
	return n
}
