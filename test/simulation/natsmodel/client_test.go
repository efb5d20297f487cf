package natsmodel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// client asks a side, and keeps what it hears by what it was heard on, in canonical form.
type client struct {
	side side
	name string
	wire wire

	mu      sync.Mutex // Guards the following.
	heard   map[string][]string
	beats   map[string]string // The latest heartbeat on each.
	replies map[string]string // Of deliveries, by their sequences: where they are acknowledged.
	order   []string          // Their keys, in the order in which they came.
	raw     map[string][]byte // Answers to what is asked again and again.
}

func newClient(s side, name string) *client {
	c := &client{
		side: s, name: name, heard: map[string][]string{}, beats: map[string]string{}, replies: map[string]string{},
		raw: map[string][]byte{},
	}
	c.connect()
	return c
}

func (c *client) connect() {
	c.wire = c.side.dial(c.hear)
	c.wire.send([]byte("SUB _INBOX." + c.name + ".> 1\r\nSUB push." + c.name + " 2\r\n"))
}

func (c *client) hear(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f.op {
	case "MSG":
		c.message(&f)
	case "-ERR":
		c.heard["errors"] = append(c.heard["errors"], f.text)
	}
}

func (c *client) message(f *frame) {
	inbox := f.subject
	if strings.HasPrefix(f.reply, ackPrefix) { // A delivery: its subject is that of the message.
		words := strings.Split(f.reply, ".")
		inbox = "deliveries of " + words[3] // The order between consumers is free.
		key := strings.Join(words[2:4], ".") + " " + words[5] + " " + words[6]
		if c.replies[key] == "" {
			c.order = append(c.order, key)
		}
		c.replies[key] = f.reply
	}
	if strings.Contains(inbox, ".sync") {
		c.raw[inbox] = f.data
		return
	}
	text := canonical(f)
	if rest, ok := strings.CutPrefix(text, "heartbeat "); ok { // How many there are hangs on the machine.
		c.beats[inbox] = rest
		return
	}
	c.heard[inbox] = append(c.heard[inbox], text)
}

// canonical writes a message so that those of two servers can be compared.
func canonical(f *frame) string {
	if rest, ok := strings.CutPrefix(f.reply, ackPrefix); ok {
		w := strings.Split(rest, ".")
		return fmt.Sprintf("%s: %s of %s.%s, times %s, seq %s, number %s, pending %s, header %q, data %q",
			f.sid, f.subject, w[0], w[1], w[2], w[3], w[4], w[6], f.header, f.data)
	}
	header := string(f.header)
	if strings.HasPrefix(header, "NATS/1.0 100 Idle") {
		return "heartbeat " + header
	}
	if at := strings.Index(header, "Nats-Time-Stamp: "); at >= 0 {
		end := at + strings.Index(header[at:], "\r\n") + 2
		header = header[:at] + header[end:]
	}
	if strings.HasPrefix(header, "NATS/1.0 503\r\nNats-Subject: "+ackPrefix) { // It holds a time.
		header = "nobody takes the acknowledgement"
	}
	return fmt.Sprintf("header %q, data %s", header, canonicalData(f.data))
}

// timely are the parts of answers that tell of a time, or of the server.
var timely = []string{
	"created", "ts", "first_ts", "last_ts", "last_active", "time", "metadata", "cluster", "api", "did_create",
	"storage",
	"memory", "reserved_memory", "reserved_storage", "tiers", "pause_remaining",
}

func canonicalData(b []byte) string {
	if !bytes.HasPrefix(b, []byte("{")) {
		return strconv.Quote(string(b))
	}
	var body map[string]any
	if json.Unmarshal(b, &body) != nil {
		return strconv.Quote(string(b))
	}
	strip(body)
	if body["type"] == "io.nats.jetstream.api.v1.stream_msg_delete_response" && body["error"] != nil {
		return "not there" // The words hang on how the real server's files are laid out.
	}
	text, _ := json.Marshal(body)
	return string(text)
}

func strip(body map[string]any) {
	for _, name := range timely {
		if name != "storage" || body["storage"] != "file" && body["storage"] != "memory" {
			delete(body, name)
		}
	}
	for name, value := range body {
		switch value := value.(type) {
		case map[string]any:
			strip(value)
			if len(value) == 0 {
				delete(body, name)
			}
		case nil:
			delete(body, name)
		case float64:
			if value == 0 {
				delete(body, name)
			}
		case []any:
			for _, one := range value {
				if one, ok := one.(map[string]any); ok {
					strip(one)
				}
			}
		}
	}
}

// request sends something with a reply subject of its own.
func (c *client) request(inbox, subject, header, body string) {
	c.publish(subject, "_INBOX."+c.name+"."+inbox, header, body)
}

func (c *client) publish(subject, reply, header, body string) {
	if reply != "" {
		reply += " "
	}
	if header == "" {
		c.wire.send(fmt.Appendf(nil, "PUB %s %s%d\r\n%s\r\n", subject, reply, len(body), body))
		return
	}
	header = "NATS/1.0\r\n" + header + "\r\n"
	c.wire.send(fmt.Appendf(nil, "HPUB %s %s%d %d\r\n%s%s\r\n", subject, reply, len(header), len(header)+len(body),
		header, body))
}

// told returns what was heard so far on all inboxes.
func (c *client) told() map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string][]string, len(c.heard))
	for inbox, texts := range c.heard {
		all[inbox] = slices.Clip(texts)
	}
	return all
}

// taken returns the answer to a question on an inbox, once.
func (c *client) taken(inbox string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	inbox = "_INBOX." + c.name + "." + inbox
	b := c.raw[inbox]
	delete(c.raw, inbox)
	return b
}

func (c *client) beat(inbox string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.beats["_INBOX."+c.name+"."+inbox]
}

func (c *client) replyOf(key string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replies[key]
}
