package natsmodel

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// conn is a client's connection.
type conn struct {
	server  *Server
	id      Conn
	options options
	greeted bool // The first PING has been answered.
	in      []byte
	out     []byte
	dirty   bool // It is in the server's list.
	closed  bool
	subs    []*subscription // In the order in which they came.
	bySID   map[string]*subscription
	ping    timer
	pings   int  // Unanswered.
	heard   bool // Something has come since the last look.
}

// options is what CONNECT says, as far as it matters here.
type options struct {
	Verbose      bool `json:"verbose"`
	Echo         bool `json:"echo"`
	Protocol     int  `json:"protocol"`
	Headers      bool `json:"headers"`
	NoResponders bool `json:"no_responders"`
}

// info is the body of INFO.
type info struct {
	ID          string `json:"server_id"`
	Name        string `json:"server_name"`
	Version     string `json:"version"`
	Proto       int    `json:"proto"`
	Go          string `json:"go"`
	Host        string `json:"host"`
	Port        int    `json:"port"`
	Headers     bool   `json:"headers"`
	MaxPayload  int    `json:"max_payload"`
	JetStream   bool   `json:"jetstream,omitempty"`
	ClientID    Conn   `json:"client_id"`
	ClientIP    string `json:"client_ip"`
	ConnectInfo bool   `json:"connect_info,omitempty"`
	Account     string `json:"remote_account,omitempty"`
	Level       int    `json:"api_lvl,omitempty"`
}

func (c *conn) info(connected bool) {
	i := info{
		ID: "MODEL", Name: c.server.cfg.Name, Version: version, Proto: 1, Go: "go1.26", Host: "127.0.0.1", Port: 4222,
		Headers: true, MaxPayload: c.server.cfg.MaxPayload, JetStream: c.server.js != nil, ClientID: c.id,
		ClientIP: "127.0.0.1", ConnectInfo: connected, Level: apiLevel,
	}
	if connected {
		i.Account = "$G"
	}
	text, _ := json.Marshal(&i) // It has no values that cannot be written.
	c.write("INFO ", string(text), "\r\n")
}

// greet says who the server is.
func (c *conn) greet() {
	c.options = options{Echo: true} // Until CONNECT says otherwise.
	c.bySID = map[string]*subscription{}
	c.info(false)
	c.server.timers.set(&c.ping, c.server.now.Add(firstPing))
}

// write adds to the output.
func (c *conn) write(words ...string) {
	if c.closed {
		return
	}
	c.mark()
	for _, w := range words {
		c.out = append(c.out, w...)
	}
}

func (c *conn) mark() {
	if !c.dirty {
		c.dirty = true
		c.server.dirty = append(c.server.dirty, c)
	}
}

// send delivers a message to one of the connection's subscriptions. To a client without headers it comes without.
func (c *conn) send(sid string, m *message) {
	if c.closed {
		return
	}
	c.mark()
	subject := m.subject
	if m.deliveredAs != "" {
		subject = m.deliveredAs
	}
	header := m.header
	if !c.options.Headers {
		header = nil
	}
	out := slices.Grow(c.out, len(subject)+len(m.reply)+len(header)+len(m.data)+64) // As much as the numbers take.
	if len(header) > 0 {
		out = append(out, 'H')
	}
	out = append(out, "MSG "...)
	out = append(append(out, subject...), ' ')
	out = append(append(out, sid...), ' ')
	if m.reply != "" {
		out = append(append(out, m.reply...), ' ')
	}
	if len(header) > 0 {
		out = append(strconv.AppendInt(out, int64(len(header)), 10), ' ')
	}
	out = append(strconv.AppendInt(out, int64(len(header)+len(m.data)), 10), "\r\n"...)
	out = append(append(out, header...), m.data...)
	c.out = append(out, "\r\n"...)
}

// noResponders tells a client that nobody takes its request.
func (c *conn) noResponders(m *message) {
	for _, sub := range c.subs {
		if matches(sub.subject, m.reply) {
			header := fmt.Appendf(nil, "NATS/1.0 503\r\nNats-Subject: %s\r\n\r\n", m.subject)
			sub.deliver(&message{subject: m.reply, header: header})
			return
		}
	}
}

// gone takes a connection away that somebody else has closed.
func (c *conn) gone() {
	if c.closed {
		return
	}
	c.closed = true
	c.server.timers.stop(&c.ping)
	subs := c.subs
	c.subs, c.in = nil, nil
	for _, sub := range subs {
		c.server.subs.remove(sub)
		c.server.interestLost(sub.subject)
	}
	delete(c.server.conns, c.id)
	at := slices.Index(c.server.open, c)
	c.server.open = slices.Delete(c.server.open, at, at+1)
}

// end closes a connection, for a reason that the client is told; empty: it is told none.
func (c *conn) end(why string) {
	if c.closed {
		return
	}
	if why != "" {
		c.complain(why)
	}
	c.mark()
	c.gone()
}

// complain tells a client of an error.
func (c *conn) complain(why string) { c.write("-ERR '", why, "'\r\n") }

func (c *conn) ok() {
	if c.options.Verbose {
		c.write("+OK\r\n")
	}
}

// pingDue pings a connection that has been silent, and ends one that does not answer.
func (c *conn) pingDue() {
	silent := !c.heard || !c.greeted
	c.heard = false
	if silent {
		if c.pings >= mostPingsUnanswered {
			c.end("Stale Connection")
			return
		}
		c.pings++
		c.write("PING\r\n")
	}
	c.server.timers.set(&c.ping, c.server.now.Add(c.server.cfg.PingInterval))
}

// subscribe adds a subscription. One with the same number stands.
func (c *conn) subscribe(subject, queue, sid string) {
	if !valid(subject) {
		c.complain("Invalid Subject")
		return
	}
	if c.bySID[sid] == nil {
		sub := &subscription{conn: c, sid: sid, subject: subject, queue: queue}
		c.bySID[sid] = sub
		c.subs = append(c.subs, sub)
		c.server.subs.add(sub)
		if c.server.js != nil {
			c.server.js.interest(subject)
		}
	}
	c.ok()
}

// limit ends a subscription, now or after so many messages in all.
func (c *conn) limit(sid string, most int) {
	if sub := c.bySID[sid]; sub != nil {
		if sub.most = most; most <= sub.delivered {
			c.unsubscribe(sub)
		}
	}
	c.ok()
}

func (c *conn) unsubscribe(sub *subscription) {
	c.server.subs.remove(sub)
	delete(c.bySID, sub.sid)
	c.subs = without(c.subs, sub)
	c.server.interestLost(sub.subject)
}

// interestLost tells consumers that push that a subscription has ended.
func (s *Server) interestLost(subject string) {
	if s.js != nil {
		s.js.interest(subject)
	}
}
