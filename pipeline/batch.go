package pipeline

import (
	"time"

	"momento-bridge/pipeline/quota"
)

// parcel is what one publish carries: a message, or a batch of several of one topic, in their order. Each worker has
// one and reuses it.
type parcel struct {
	lane        *lane
	first, last *entry // Linked by next.
	n           int
	size        int             // Bytes of the publish.
	cost        float64         // Paid for it.
	gated       bool            // A gate was closed when it left.
	probes      [gateCount]bool // The closed gates whose probe it is.
	trials      [gateCount]bool // The closed gates that it passes as one that has not been tried.
	sent        time.Time       // When it left the queue.
	letterProbe bool            // It tells whether dead letters can be stored again.
	detached    bool            // Its topic goes on without it.
}

func (p *parcel) add(e *entry) {
	e.next = nil
	if p.n == 0 {
		p.first = e
	} else {
		p.last.next = e
	}
	p.last = e
	p.n++
}

// pop removes the first message. The parcel must not be empty.
func (p *parcel) pop() *entry {
	e := p.first
	p.first = e.next
	p.n--
	e.next = nil
	return e
}

// rejection says why what the parcel carries can never be published, nil if it may be.
func (p *parcel) rejection() *Rejection {
	if p.n != 1 {
		return nil
	}
	return p.first.rejection
}

// BatchConfig puts several messages of a topic into one publish: what waits for the topic when its turn comes.
type BatchConfig struct {
	// Framing is nil without batches.
	Framing Framing
	// MaxMessages of one publish; 0: as many as fit.
	MaxMessages int
	// MaxBytes of one publish.
	MaxBytes int
	// Linger is how long a message may wait for others.
	Linger time.Duration
}

// Framing joins messages to a batch. It may be used concurrently.
type Framing interface {
	// Size is how many bytes a message adds to a batch. An error says why it can be in none.
	Size(payload []byte) (int, error)
	// Overhead is what a batch has besides its messages, in bytes.
	Overhead() int
	// Append adds a message, with its size, to a batch. An empty dst begins one. The payload is copied.
	Append(dst, payload []byte, size int) []byte
	// End completes a batch.
	End(dst []byte) []byte
}

// full reports whether what is queued fills a batch.
func (c *BatchConfig) full(l *lane) bool {
	return c.MaxMessages > 0 && l.queued >= c.MaxMessages || l.size+c.Framing.Overhead() >= c.MaxBytes
}

// load moves what is to be published from the front of a lane, which is not empty, into the parcel.
func (d *dispatcher) load(now time.Time, l *lane, p *parcel) {
	*p = parcel{lane: l, sent: now}
	r := l.route
	n, size := 1, len(l.first.Payload)
	if r.cfg.Batch.Framing != nil && l.first.rejection == nil {
		n, size = d.batchSize(now, l)
	}
	for range n {
		e := l.popFront()
		r.dequeue(e)
		p.add(e)
	}
	p.size = size
}

// batchSize returns how many of the lane's first messages go into one publish, and its bytes. Where operations are paid
// for, a batch that leaves messages behind ends where it makes the most of its last one, and is no larger than what
// can be paid for now.
func (d *dispatcher) batchSize(now time.Time, l *lane) (n, size int) {
	c, first := &l.route.cfg.Batch, l.first
	most := c.MaxMessages
	if first.maxBatch > 0 && (most == 0 || first.maxBatch < most) {
		most = first.maxBatch
	}
	limit := c.MaxBytes
	if d.operations {
		limit = min(limit, d.affordable(now, l.route, first))
	}
	best, bestSize, bestUse := 1, 0, 0.0
	size = c.Framing.Overhead()
	for e := first; e != nil; e = e.next {
		if n > 0 && (size+e.size > limit || n == most || e.rejection != nil || e.maxBatch != first.maxBatch) {
			if d.operations {
				return best, bestSize
			}
			return n, size
		}
		n++
		size += e.size
		if use := float64(size) / float64(quota.Operations(size)); use >= bestUse {
			best, bestSize, bestUse = n, size, use
		}
	}
	return n, size
}

// split marks a refused batch so that its halves are tried apart: one of its messages may be the reason.
func (p *parcel) split() {
	for e := p.first; e != nil; e = e.next {
		e.maxBatch = (p.n + 1) / 2
	}
}

// fill writes the publish into r, with the message itself as the payload, or the batch, for which buf is used again.
// It returns buf.
func (p *parcel) fill(r *Request, buf []byte) []byte {
	c := &p.lane.route.cfg
	r.Cache, r.Topic, r.Text = c.Cache, p.first.Topic, c.Text
	framing := c.Batch.Framing
	if framing == nil {
		r.Payload = p.first.Payload
		return buf
	}
	buf = buf[:0]
	for e := p.first; e != nil; e = e.next {
		buf = framing.Append(buf, e.Payload, e.size)
	}
	buf = framing.End(buf)
	r.Payload = buf
	return buf
}

// observe measures an attempt that has ended.
func (p *parcel) observe(now time.Time, accepted bool) {
	r := p.lane.route
	r.publishSeconds.Observe(now.Sub(p.sent).Seconds())
	if !accepted {
		return
	}
	for e := p.first; e != nil; e = e.next {
		r.endToEndSeconds.Observe(now.Sub(e.Time).Seconds())
	}
	if r.cfg.Batch.Framing != nil {
		r.batchMessages.Observe(float64(p.n))
	}
}
