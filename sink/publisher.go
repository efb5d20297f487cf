package sink

import (
	"bufio"
	"net"
	"sync"
	"time"

	"momento-bridge/pipeline"
)

// publisher carries one publish at a time on one keep-alive connection, which is made when it is needed and closed when it has been idle for long.
type publisher struct {
	momento *Momento
	wire    wire
	out     []byte // The request; reused.
	in      answers

	idle *time.Timer // Runs while there is a connection.

	mu      sync.Mutex // Guards the following. Held while a publish is under way.
	tcp     *conn
	conn    net.Conn // On tcp, with TLS where the endpoint wants it; nil: there is none.
	expires time.Time
}

func newPublisher(m *Momento) *publisher {
	p := &publisher{momento: m, wire: wire{cfg: &m.cfg}}
	p.in.in = bufio.NewReaderSize(nil, ioBuffer)
	p.idle = time.AfterFunc(idleLimit, p.rest)
	p.idle.Stop()
	return p
}

// Publish implements pipeline.Publisher.
func (p *publisher) Publish(r *pipeline.Request) pipeline.Answer {
	key, a := p.momento.prepare(r)
	if key == nil {
		return a
	}
	if !r.Deadline.After(r.Start) {
		return noTimeLeft
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = p.wire.appendRequest(p.out[:0], r, key)
	if p.conn != nil && r.Start.After(p.expires) {
		p.close()
	}
	reused := p.conn != nil
	a, stale := p.attempt(r, key)
	if stale && reused && !r.Once {
		a, _ = p.attempt(r, key)
		a.Repeated = true
		if a.Verdict == pipeline.Retry && a.Result == pipeline.ResultNetwork {
			a.Verdict = pipeline.Ambiguous // The first one may have arrived.
		}
	}
	if a.Verdict == pipeline.HaltAll {
		p.momento.rereadKey(key)
	}
	return a
}

// attempt sends the request and reads the answer, on a new connection if there is none. stale says that the connection broke before the first byte of
// an answer: if it was open before, the server had most likely closed it while it was idle.
func (p *publisher) attempt(r *pipeline.Request, key *Key) (a pipeline.Answer, stale bool) {
	if p.conn == nil {
		if err := p.connect(r.Deadline); err != nil {
			return pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.ResultNetwork, Detail: err.Error()}, false
		}
	}
	err := p.tcp.begin(r.Start, r.Deadline)
	if err == nil {
		_, err = p.conn.Write(p.out)
	}
	if err == nil {
		err = p.in.wait()
	}
	if err != nil {
		p.close()
		return ending{err: err}.answer(false), !isTimeout(err)
	}
	said := p.in.next()
	if said.last || p.in.in.Buffered() > 0 { // More than was asked for.
		p.close()
	}
	switch {
	case said.usual:
		return accepted, false
	case said.answered:
		return answered(&p.in.resp, key, r.Payload), false
	}
	return ending{err: said.err}.answer(false), false
}

// Connect makes the connection by a time, unless there is one that may lie idle for half the limit from now on, and will not be too old for a while. It
// may be called while no publish is under way.
func (p *publisher) Connect(end time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil && time.Since(p.tcp.used) < idleLimit/2 && time.Until(p.expires) > youngest/2 {
		return nil
	}
	if p.conn != nil {
		p.close()
	}
	return p.connect(end)
}

// connect makes a connection by a time.
func (p *publisher) connect(end time.Time) error {
	opened, err := p.momento.dialer.dial(end, func(tcp *net.TCPConn) net.Conn {
		p.tcp = newConn(tcp)
		return p.tcp
	})
	if err != nil {
		return err
	}
	p.conn, p.expires = opened, time.Now().Add(age())
	p.in.in.Reset(opened)
	p.idle.Reset(idleLimit)
	return nil
}

// rest is the timer's callback. It closes a connection that has been idle for long, and otherwise looks again when it might have been.
func (p *publisher) rest() {
	if !p.mu.TryLock() { // It is in use.
		p.idle.Reset(idleLimit)
		return
	}
	defer p.mu.Unlock()
	if p.conn == nil {
		return
	}
	left := idleLimit - time.Since(p.tcp.used)
	if left > 0 {
		p.idle.Reset(left)
		return
	}
	p.close()
}

func (p *publisher) close() {
	_ = p.conn.Close()
	p.conn = nil
	p.idle.Stop()
}

// Close implements pipeline.Publisher.
func (p *publisher) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		p.close()
	}
}
