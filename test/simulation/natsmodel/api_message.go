package natsmodel

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// getRequest says which message is wanted.
type getRequest struct {
	Seq       uint64     `json:"seq"`
	LastFor   string     `json:"last_by_subj"`
	NextFor   string     `json:"next_by_subj"`
	StartTime *time.Time `json:"start_time"`
}

// empty reports whether nothing is asked for.
func (g *getRequest) empty() bool {
	return g.Seq == 0 && g.LastFor == "" && g.NextFor == "" && g.StartTime == nil
}

// contradicts reports whether it asks for two things.
func (g *getRequest) contradicts() bool {
	return g.Seq > 0 && (g.LastFor != "" || g.StartTime != nil) ||
		g.LastFor != "" && (g.NextFor != "" || g.StartTime != nil)
}

// lookUp returns what a request asks for; nil if there is none.
func (s *stream) lookUp(g *getRequest) *stored {
	seq := g.Seq
	if g.StartTime != nil {
		seq = s.store.last + 1
		for at := s.store.head; at < len(s.store.entries); at++ {
			if m := s.store.entries[at].m; m != nil && !m.at.Before(*g.StartTime) {
				seq = m.seq
				break
			}
		}
	}
	switch {
	case g.LastFor != "":
		return s.store.lastOf(g.LastFor)
	case g.NextFor != "":
		return s.store.next(seq, []string{g.NextFor})
	}
	return s.store.get(seq)
}

func (r *request) messageGet() bool {
	var g getRequest
	if err := r.read(&g); err != nil {
		return r.fail("stream_msg_get", err)
	}
	if g.empty() || g.contradicts() {
		return r.fail("stream_msg_get", errBadRequest)
	}
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("stream_msg_get", errStreamNotFound)
	}
	m := s.lookUp(&g)
	if m == nil {
		return r.fail("stream_msg_get", errNoMessage)
	}
	type body struct {
		Subject string    `json:"subject"`
		Seq     uint64    `json:"seq"`
		Header  []byte    `json:"hdrs,omitempty"`
		Data    []byte    `json:"data,omitempty"`
		Time    time.Time `json:"time"`
	}
	r.js.respond(r.reply, "stream_msg_get", struct {
		Message body `json:"message"`
	}{body{m.subject, m.seq, m.header, m.data, m.at.UTC()}})
	return true
}

func (r *request) messageDelete() bool {
	var wanted struct {
		Seq uint64 `json:"seq"`
	}
	if err := r.read(&wanted); err != nil {
		return r.fail("stream_msg_delete", err)
	}
	s := r.js.stream(r.names[0])
	switch {
	case s == nil:
		return r.fail("stream_msg_delete", errStreamNotFound)
	case s.cfg.DenyDelete:
		return r.fail("stream_msg_delete", errDelete("message delete not permitted"))
	case !s.remove(wanted.Seq):
		return r.fail("stream_msg_delete", errNoSequence(wanted.Seq))
	}
	r.js.respond(r.reply, "stream_msg_delete", success{true})
	return true
}

// directGet answers with the message itself.
func (r *request) directGet() bool {
	s := r.js.stream(r.names[0])
	if s == nil || !s.cfg.AllowDirect || s.leaderless {
		return false
	}
	var g getRequest
	refuse := func(why string) bool {
		r.js.answer(r.reply, status(why), nil)
		return true
	}
	if len(r.names) > 1 {
		g.LastFor = strings.Join(r.names[1:], ".")
	} else if err := r.read(&g); err != nil {
		return refuse("408 Malformed Request")
	}
	switch {
	case g.empty():
		return refuse("408 Empty Request")
	case g.contradicts():
		return refuse("408 Bad Request")
	}
	m := s.lookUp(&g)
	if m == nil {
		return refuse("404 Message Not Found")
	}
	r.js.answer(r.reply, directHeader(s.cfg.Name, m), m.data)
	return true
}

// directHeader is a message's header with where it stands.
func directHeader(stream string, m *stored) []byte {
	h := []byte("NATS/1.0\r\n")
	if len(m.header) > 0 {
		h = append([]byte(nil), m.header[:len(m.header)-2]...)
	}
	return fmt.Appendf(h, "Nats-Stream: %s\r\nNats-Subject: %s\r\nNats-Sequence: %s\r\nNats-Time-Stamp: %s\r\n\r\n",
		stream, m.subject, strconv.FormatUint(m.seq, 10), m.at.UTC().Format(time.RFC3339Nano))
}
