package source

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// presence lets replicas that share a consumer know of each other, with nothing but what each may do anyway: ask for
// the consumer's numbers. The server sends them to whatever reply subject it is told, so one below a common inbox
// reaches every replica, and says who has asked, and why:
//
//	<inbox prefix>.momento-bridge.<stream>.<consumer>.ask.<life>     somebody wants to know who is there
//	<inbox prefix>.momento-bridge.<stream>.<consumer>.here.<life>    somebody is
//
// A life is one source of one process. Whoever has stopped answers as long as it holds something. Its methods may be
// called concurrently.
type presence struct {
	conn  *nats.Conn
	base  string // Of the reply subjects.
	info  string // Where the consumer's numbers are asked for.
	life  string
	alive func() bool // Whether to listen, and to answer.
	met   func()      // Called when another one has been heard.

	sub       atomic.Pointer[nats.Subscription] // Of listen.
	heard     atomic.Int64                      // When another one was heard last, in nanoseconds.
	answering atomic.Bool                       // An answer will be sent soon.
}

// answerDelay gathers what is asked at about the same time into one answer, as when a server comes back to many
// replicas.
const answerDelay = time.Millisecond

func newPresence(conn *nats.Conn, stream, consumer string, alive func() bool, met func()) *presence {
	inbox := conn.NewInbox()
	dot := strings.LastIndexByte(inbox, '.')
	return &presence{
		conn: conn, base: inbox[:dot] + ".momento-bridge." + stream + "." + consumer,
		info: apiOf(conn).subject("CONSUMER.INFO." + stream + "." + consumer), life: inbox[dot+1:],
		alive: alive, met: met,
	}
}

// listen answers from now on, until stop, or the connection is closed.
func (p *presence) listen() error {
	sub, err := p.conn.Subscribe(p.base+".*.*", func(m *nats.Msg) {
		kind, life, _ := strings.Cut(strings.TrimPrefix(m.Subject, p.base+"."), ".")
		if life == p.life || !p.alive() {
			return
		}
		p.heard.Store(time.Now().UnixNano())
		p.met()
		if kind == "ask" && p.answering.CompareAndSwap(false, true) {
			time.AfterFunc(answerDelay, func() {
				p.answering.Store(false)
				p.say("here")
			})
		}
	})
	p.sub.Store(sub)
	return err
}

// stop ends what listen began.
func (p *presence) stop() {
	if sub := p.sub.Load(); sub != nil {
		_ = sub.Unsubscribe() // The connection may be closed.
	}
}

// ask asks who is there. Whoever is will be heard soon.
func (p *presence) ask() { p.say("ask") }

// say needs no error: where nothing can be sent, nothing is heard, and the barrier has no numbers, either.
func (p *presence) say(kind string) {
	_ = p.conn.PublishRequest(p.info, p.base+"."+kind+"."+p.life, nil)
}

// heardSince reports whether another one has been heard since a time.
func (p *presence) heardSince(t time.Time) bool { return p.heard.Load() >= t.UnixNano() }

// appendNakSubject appends the reply subject that hands back any delivery of a message, in the form that every server
// listens to.
func appendNakSubject(b []byte, stream, consumer string, sequence, delivered uint64) []byte {
	b = append(b, replyPrefix...)
	b = append(b, stream...)
	b = append(b, '.')
	b = append(b, consumer...)
	b = append(b, ".1."...)
	b = strconv.AppendUint(b, sequence, 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, delivered, 10)
	return append(b, ".0.0"...)
}
