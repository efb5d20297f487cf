package sink

import (
	"bufio"
	"net"
	"sync"
	"time"

	"momento-bridge/pipeline"
)

// line carries several publishes at a time on one connection, which is made when it is needed.
//
//	Send ──▶ requests, together ──▶ connection ──▶ reader ──▶ answered
//	            └──▶ waiting, in order ───────────────┘
//
// A connection has one reader, started with it, which ends with it and is joined by Close. A connection that has become old, or on which the server
// wants no more, carries nothing new; its reader ends when everything on it is answered.
type line struct {
	momento  *Momento
	depth    int
	answered func([]pipeline.Answered)
	readers  sync.WaitGroup

	// Of Send:
	wire wire
	out  []byte
	sent []waiting
	not  []pipeline.Answered

	mu      sync.Mutex // Guards the following, and what lineConn says it guards.
	current *lineConn  // The connection to send on; nil: one must be made.
	open    map[*lineConn]bool
}

// waiting is a publish whose answer has not come.
type waiting struct {
	r   *pipeline.Request
	key *Key
}

// lineConn is one connection of a line.
type lineConn struct {
	net.Conn
	expires time.Time

	// Guarded by the line's mutex:
	waiting  []waiting // In the order of their answers.
	deadline time.Time // Of reads: when the first of them must be answered; it may be somewhat later.
	full     bool      // It takes nothing more.
	writeErr error
}

// Line returns a line that carries so many publishes at a time at the most.
func (m *Momento) Line(depth int, answered func([]pipeline.Answered)) pipeline.Line {
	l := &line{momento: m, depth: depth, answered: answered, open: map[*lineConn]bool{}}
	l.wire.cfg = &m.cfg
	return l
}

// Depth implements pipeline.Line.
func (l *line) Depth() int {
	if l.momento.manners.bad() {
		return 1
	}
	return l.depth
}

// Send implements pipeline.Line.
func (l *line) Send(rs []*pipeline.Request) {
	l.out, l.sent, l.not = l.out[:0], l.sent[:0], l.not[:0]
	now := rs[0].Start
	for _, r := range rs {
		key, a := l.momento.prepare(r)
		switch {
		case key == nil:
			l.not = append(l.not, pipeline.Answered{Request: r, Answer: a})
		case !r.Deadline.After(now):
			l.not = append(l.not, pipeline.Answered{Request: r, Answer: noTimeLeft})
		default:
			l.out = l.wire.appendRequest(l.out, r, key)
			l.sent = append(l.sent, waiting{r, key})
		}
	}
	if len(l.sent) > 0 {
		l.send(now)
	}
	if len(l.not) > 0 {
		l.answered(l.not)
	}
	if cap(l.out) > largestOut {
		l.out = nil
	}
}

// largestOut is what a buffer of requests may keep.
const largestOut = 256 << 10

// send writes what is to be sent, on a new connection if need be.
func (l *line) send(now time.Time) {
	end := l.sent[0].r.Deadline // Once the requests are enlisted, they may be answered at any moment and are the line's no more.
	for {
		c := l.usable(now)
		if c == nil {
			opened, err := l.connect(end)
			if err != nil {
				l.unsent(err)
				return
			}
			c = opened
		}
		if l.enlist(c, now) {
			_ = c.SetWriteDeadline(end)
			if _, err := c.Write(l.out); err != nil {
				l.failed(c, err)
			}
			return
		}
	}
}

// usable returns the connection to send on, nil if there is none that may be used.
func (l *line) usable(now time.Time) *lineConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.current; c != nil && now.After(c.expires) {
		l.retire(c)
	}
	return l.current
}

// retire lets a connection carry nothing new, and closes it if nothing is on it. Called with the mutex.
func (l *line) retire(c *lineConn) {
	c.full = true
	if l.current == c {
		l.current = nil
	}
	if len(c.waiting) == 0 {
		_ = c.Close()
	}
}

// connect makes a connection and starts its reader.
func (l *line) connect(end time.Time) (*lineConn, error) {
	opened, err := l.momento.dialer.dial(end, nil)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	c := &lineConn{Conn: opened, expires: now.Add(age()), deadline: now.Add(idleLimit)}
	_ = c.SetReadDeadline(c.deadline) // The reader will see what is wrong with it.
	l.mu.Lock()
	l.current = c
	l.open[c] = true
	l.mu.Unlock()
	l.readers.Go(func() { l.read(c) })
	return c, nil
}

// unsent answers what was to be sent and could not be, as there is no connection.
func (l *line) unsent(err error) {
	for i, w := range l.sent {
		a := pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.ResultNetwork, Detail: err.Error(), Echo: i > 0}
		l.not = append(l.not, pipeline.Answered{Request: w.r, Answer: a})
	}
}

// enlist notes that answers to what is about to be sent are awaited. It reports false if the connection has ended meanwhile.
func (l *line) enlist(c *lineConn, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.full {
		return false
	}
	c.waiting = append(c.waiting, l.sent...)
	if len(c.waiting) == len(l.sent) {
		c.await(now, c.waiting[0].r.Deadline)
	}
	return true
}

// failed takes note of a write that has failed. The answers that have come are still to be read; at their end the reader tells what became of the
// others.
func (l *line) failed(c *lineConn, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.writeErr = err
	l.retire(c)
}

// await makes reads fail at a time, or up to slack of the time until then later.
func (c *lineConn) await(now, end time.Time) {
	deadline := lateDeadline(c.deadline, now, end)
	if deadline.Equal(c.deadline) {
		return
	}
	c.deadline = deadline
	_ = c.SetReadDeadline(c.deadline) // Of a closed connection: its reader sees that.
}

// read tells what each publish on a connection was answered, and at its end what became of the others.
func (l *line) read(c *lineConn) {
	in := answers{in: bufio.NewReaderSize(c, ioBuffer)}
	told := make([]pipeline.Answered, 0, l.depth)
	sum := 0
	for {
		if err := in.wait(); err != nil {
			if l.idled(c, err) {
				continue
			}
			l.end(c, nil, sum, ending{err: err})
			return
		}
		var e *ending
		told, e = l.readSome(c, &in, told[:0])
		sum += len(told)
		if e != nil {
			l.end(c, told, sum, *e)
			return
		}
		l.took(c, len(told))
		l.answered(told)
	}
}

// readSome reads an answer, and further ones that have come already and are as usual, and appends them to told.
func (l *line) readSome(c *lineConn, in *answers, told []pipeline.Answered) ([]pipeline.Answered, *ending) {
	said := in.next()
	for {
		if said.answered {
			w, ok := l.first(c, len(told))
			if !ok {
				return told, &ending{}
			}
			told = append(told, pipeline.Answered{Request: w.r, Answer: l.answer(in, said, w)})
		}
		if said.last {
			return told, &ending{err: said.err, polite: said.err == nil}
		}
		if !in.takeUsual() {
			return told, nil
		}
		said = reply{answered: true, usual: true}
	}
}

// first returns the oldest publish on a connection that is not answered, but for those that are about to be told.
func (l *line) first(c *lineConn, told int) (waiting, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if told >= len(c.waiting) {
		return waiting{}, false
	}
	return c.waiting[told], true
}

var accepted = pipeline.Answer{Verdict: pipeline.Accept, Result: pipeline.Result204, Status: 204}

// answer is what was read, as an answer to w.
func (l *line) answer(in *answers, said reply, w waiting) pipeline.Answer {
	if said.usual {
		return accepted
	}
	a := answered(&in.resp, w.key, w.r.Payload)
	if a.Verdict == pipeline.HaltAll {
		l.momento.rereadKey(w.key)
	}
	return a
}

// took notes that publishes are answered. A connection that carries nothing new is closed after the last of them.
func (l *line) took(c *lineConn, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := copy(c.waiting, c.waiting[n:])
	clear(c.waiting[left:])
	c.waiting = c.waiting[:left]
	now := time.Now()
	switch {
	case left > 0:
		c.await(now, c.waiting[0].r.Deadline)
	case c.full:
		_ = c.Close()
	default:
		c.await(now, now.Add(idleLimit))
	}
}

// idled reports whether an error of a read is only that something is awaited now that was not when the deadline was set, and sets it anew. A connection
// that has been idle for long carries nothing new.
func (l *line) idled(c *lineConn, err error) bool {
	if !isTimeout(err) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(c.waiting) == 0 {
		l.retire(c)
		return false
	}
	now := time.Now()
	if !c.waiting[0].r.Deadline.After(now) {
		return false
	}
	c.await(now, c.waiting[0].r.Deadline)
	return true
}

// end closes a connection and tells what became of the publishes on it: told, and what the ending means for the others.
func (l *line) end(c *lineConn, told []pipeline.Answered, answers int, e ending) {
	l.mu.Lock()
	c.full = true
	if l.current == c {
		l.current = nil
	}
	delete(l.open, c)
	left := c.waiting[len(told):]
	if c.writeErr != nil && !e.polite {
		e.err = c.writeErr
	}
	l.mu.Unlock()
	_ = c.Close() // After the look at writeErr: a write that is under way fails by this, too.
	for i, w := range left {
		told = append(told, pipeline.Answered{Request: w.r, Answer: e.answer(i > 0)})
	}
	if !isTimeout(e.err) && l.momento.manners.ended(answers, len(left)) {
		l.momento.log.Warn("the endpoint closes connections without answering all that was sent on them: for a while each carries one publish at a time",
			"configured", l.depth, "for", singleTime)
	}
	if len(told) > 0 {
		l.answered(told)
	}
}

// Close implements pipeline.Line.
func (l *line) Close() {
	l.mu.Lock()
	for c := range l.open {
		l.retire(c)
	}
	l.mu.Unlock()
	l.readers.Wait()
}
