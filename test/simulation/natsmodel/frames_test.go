package natsmodel

import (
	"bytes"
	"strconv"
	"strings"
)

// frame is one thing that a server says.
type frame struct {
	op      string
	subject string // Where a message was published.
	sid     string
	reply   string
	header  []byte
	data    []byte
	text    string // Of all but messages.
}

// frames takes bytes apart as a client does, however they are cut.
type frames struct{ buffer []byte }

func (f *frames) add(b []byte) []frame {
	f.buffer = append(f.buffer, b...)
	var all []frame
	for {
		one, n := readFrame(f.buffer)
		if n == 0 {
			return all
		}
		all = append(all, one)
		f.buffer = f.buffer[n:]
	}
}

func readFrame(b []byte) (frame, int) {
	end := bytes.Index(b, []byte("\r\n"))
	if end < 0 {
		return frame{}, 0
	}
	line := string(b[:end])
	op, rest, _ := strings.Cut(line, " ")
	if op != "MSG" && op != "HMSG" {
		return frame{op: op, text: rest}, end + 2
	}
	words := strings.Fields(rest)
	m := frame{op: "MSG", subject: words[0], sid: words[1]}
	header := 0
	total, _ := strconv.Atoi(words[len(words)-1])
	words = words[2 : len(words)-1]
	if op == "HMSG" {
		header, _ = strconv.Atoi(words[len(words)-1])
		words = words[:len(words)-1]
	}
	if len(words) > 0 {
		m.reply = words[0]
	}
	at := end + 2
	if len(b) < at+total+2 {
		return frame{}, 0
	}
	m.header = bytes.Clone(b[at : at+header])
	m.data = bytes.Clone(b[at+header : at+total])
	return m, at + total + 2
}
