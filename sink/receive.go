package sink

import (
	"net/http"
	"time"

	"momento-bridge/pipeline"
)

// Receive implements pipeline.Connection.
func (c *connection) Receive(dst []pipeline.Answered) []pipeline.Answered {
	if len(c.over) > 0 {
		dst = append(dst, c.over...)
		clear(c.over)
		c.over = c.over[:0]
		if c.tcp != nil {
			c.tcp.flush()
		}
		return dst
	}
	for {
		if c.tcp == nil { // Then nothing is awaited.
			<-c.wake
			return dst
		}
		if c.interrupted() {
			return dst
		}
		before := len(dst)
		if err := c.wait(); err != nil {
			if isTimeout(err) && c.interrupted() {
				return dst
			}
			if dst = c.broke(dst, err); len(dst) > before {
				return dst
			}
			continue
		}
		if dst = c.read(dst); len(dst) > before {
			return dst
		}
	}
}

// wait blocks until something has come. It returns what ended the wait. While nothing is awaited TrySend may send
// meanwhile.
func (c *connection) wait() error {
	c.tcp.interruptible, c.tcp.idle = true, len(c.awaited) == 0
	err := c.in.wait()
	c.tcp.interruptible = false
	if c.tcp.idle {
		c.tcp.unpark()
	}
	return err
}

// interrupted reports whether Interrupt was called.
func (c *connection) interrupted() bool {
	select {
	case <-c.wake:
		c.tcp.interrupted()
		return true
	default:
		return false
	}
}

// read reads an answer, and further ones that have come already and are as usual.
func (c *connection) read(dst []pipeline.Answered) []pipeline.Answered {
	if len(c.awaited) == 0 {
		c.close()
		return dst
	}
	said, n := c.in.next(), 0
	for {
		if said.answered {
			w := c.awaited[n]
			dst = append(dst, pipeline.Answered{Request: w.r, Answer: c.answer(said, w)})
			n++
		}
		if said.last {
			c.took(n)
			return c.end(dst, ending{err: said.err, polite: said.err == nil, begun: true})
		}
		if n == len(c.awaited) || !c.in.takeUsual() {
			break
		}
		said = reply{answered: true, usual: true}
	}
	c.took(n)
	switch {
	case len(c.awaited) > 0:
		now := time.Now()
		c.full = now.After(c.expires)
		c.tcp.await(now, c.awaited[0].r.Deadline)
	case c.full || c.in.in.Buffered() > 0 || c.momento.manners.second.counts(): // Buffered is more than was asked for.
		c.close()
	}
	return dst
}

// answer is what was read, as an answer to w.
func (c *connection) answer(said reply, w waiting) pipeline.Answer {
	if said.usual {
		return taken(http.StatusNoContent)
	}
	a := answered(&c.in.resp, said.err != nil, secrets{
		keys: w.key.Secrets(), payload: w.r.Payload,
		proxy: c.momento.cfg.forwarder, names: [2]string{w.r.Cache, w.r.Topic},
	})
	if a.Verdict == pipeline.HaltAll {
		c.momento.rereadKey(w.key)
	}
	return a
}

// took notes that the first n publishes are answered.
func (c *connection) took(n int) {
	left := copy(c.awaited, c.awaited[n:])
	clear(c.awaited[left:])
	c.awaited = c.awaited[:left]
	c.carried += n
}

// broke sees to an error of a read before anything of an answer has come. It is none if nothing is awaited that
// should be there by now: a connection may be idle for a while.
func (c *connection) broke(dst []pipeline.Answered, err error) []pipeline.Answered {
	c.tcp.interrupted() // As it may have been, by now or before it has written.
	if !isTimeout(err) {
		return c.end(dst, ending{err: err})
	}
	now, until := time.Now(), c.used.Add(idleLimit)
	if len(c.awaited) > 0 {
		until = c.awaited[0].r.Deadline
	}
	if until.After(now) {
		c.tcp.await(now, until)
		return dst
	}
	return c.end(dst, ending{err: err})
}

// end closes the connection and appends what that means for what is awaited.
func (c *connection) end(dst []pipeline.Answered, e ending) []pipeline.Answered {
	if c.tcp.writeErr != nil && !e.polite {
		e.err = c.tcp.writeErr
	}
	if c.carried == 0 && len(c.awaited) > 0 {
		c.momento.dialer.useless(c.tcp.RemoteAddr())
	}
	c.close()
	for i, w := range c.awaited {
		dst = append(dst, pipeline.Answered{Request: w.r, Answer: e.answer(i > 0)})
	}
	if !isTimeout(e.err) {
		m := &c.momento.manners
		m.warn(c.momento.log, m.ended(c.carried, len(c.awaited), e.polite), c.depth)
	}
	c.forget()
	return dst
}
