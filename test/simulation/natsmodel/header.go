package natsmodel

import (
	"bytes"
	"strconv"
	"time"
)

// The headers that JetStream reads.
const (
	headerMsgID           = "Nats-Msg-Id"
	headerStream          = "Nats-Expected-Stream"
	headerLastSequence    = "Nats-Expected-Last-Sequence"
	headerSubjectSequence = "Nats-Expected-Last-Subject-Sequence"
	headerSubjectOf       = "Nats-Expected-Last-Subject-Sequence-Subject"
	headerLastMsgID       = "Nats-Expected-Last-Msg-Id"
	headerRollup          = "Nats-Rollup"
	headerTTL             = "Nats-TTL"
)

// headerValue returns the first value of a name, as written; false if there is none.
func headerValue(header []byte, name string) (string, bool) {
	for len(header) > 0 {
		at := bytes.Index(header, []byte("\r\n"))
		if at < 0 {
			return "", false
		}
		line := header[:at]
		header = header[at+2:]
		if len(line) > len(name) && line[len(name)] == ':' && string(line[:len(name)]) == name {
			return string(bytes.TrimSpace(line[len(name)+1:])), true
		}
	}
	return "", false
}

// headerNumber returns the first value of a name as a number; false if there is none, or no number.
func headerNumber(header []byte, name string) (uint64, bool) {
	text, ok := headerValue(header, name)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

// ttlOf returns how long a message is to be kept, 0 for no end of its own; false if it says something else.
func ttlOf(header []byte) (time.Duration, bool) {
	text, ok := headerValue(header, headerTTL)
	if !ok || text == "" || text == "never" {
		return 0, true
	}
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second, true
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= time.Second
}

// status makes the header of a status, which has no other lines than those given.
func status(text string, lines ...string) []byte {
	b := append([]byte("NATS/1.0 "), text...)
	b = append(b, "\r\n"...)
	for _, line := range lines {
		b = append(append(b, line...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}
