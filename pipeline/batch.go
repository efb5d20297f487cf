package pipeline

import (
	"time"

	"momento-bridge/batch"
	"momento-bridge/pipeline/quota"
)

// parcel is what one publish carries: a message, or a batch of several of one topic, in their order. It belongs to a
// slot of a worker, and is copied when it is left to the keepers of dead letters.
type parcel struct {
	lane        *lane
	first, last *entry // Linked by next.
	n           int
	size        int             // Bytes of the publish; an estimate until it is packed, where it is.
	charged     int             // The bytes that were paid for.
	limit       int             // The most bytes of a packed publish.
	held        int             // How many of the messages a packed publish holds; 0: it is none, or not packed yet.
	cost        float64         // Paid for it.
	sent        time.Time       // When it left the queue.
	gated       bool            // A gate was closed then.
	probes      [gateCount]bool // The closed gates that it probes.
	trials      [gateCount]bool // The closed gates that it passes as a trial.
	letterProbe bool            // Keeping it shows whether dead letters can be stored again.
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

// rejection returns why the parcel's message can never be published, nil if it may be.
func (p *parcel) rejection() *Rejection {
	if p.n != 1 {
		return nil
	}
	return p.first.rejection
}

// BatchConfig puts several messages of a topic into one publish: those that wait when the turn of the topic comes.
type BatchConfig struct {
	// Framing joins the messages; nil: each is published by itself, unless there is a Packing.
	Framing Framing
	// Packing packs the messages, instead of Framing.
	Packing *batch.Packing
	// MaxMessages is the number of messages of the largest batch; 0: as many as fit.
	MaxMessages int
	// MaxBytes is the size of the largest batch.
	MaxBytes int
	// Linger is how long a message may wait for others, to go into one batch with them.
	Linger time.Duration
}

// Framing joins messages to a batch. It may be used concurrently.
type Framing interface {
	// Size returns how many bytes a message adds to a batch. An error says why it cannot be part of one.
	Size(payload []byte) (int, error)
	// Overhead returns how many bytes a batch has besides its messages.
	Overhead() int
	// Append adds a message of this Size to the batch in dst, which is empty at first, and returns the batch. It copies
	// the payload.
	Append(dst, payload []byte, size int) []byte
	// End completes the batch in dst and returns it.
	End(dst []byte) []byte
}

// Joins reports whether there are batches.
func (c *BatchConfig) Joins() bool { return c.Framing != nil || c.Packing != nil }

// overhead returns how many bytes a batch has besides its messages, at most.
func (c *BatchConfig) overhead() int {
	if c.Packing != nil {
		return c.Packing.Overhead()
	}
	return c.Framing.Overhead()
}

// most returns how many messages a batch may have that begins with this one; 0: as many as fit.
func (c *BatchConfig) most(first *entry) int {
	if first.maxBatch > 0 && (c.MaxMessages == 0 || first.maxBatch < c.MaxMessages) {
		return first.maxBatch
	}
	return c.MaxMessages
}

// full reports whether what is queued fills a batch.
func (l *lane) full() bool {
	r := l.route
	c := &r.cfg.Batch
	if c.MaxMessages > 0 && l.queued >= c.MaxMessages {
		return true
	}
	if r.packing != nil {
		return r.packing.estimate(c.overhead(), l.size) >= c.MaxBytes
	}
	return l.size+c.overhead() >= c.MaxBytes
}

// load moves what is published next from the front of a lane, which must not be empty, into the parcel.
func (d *dispatcher) load(now time.Time, l *lane, p *parcel) {
	*p = parcel{lane: l, sent: now}
	r := l.route
	n, size := 1, len(l.first.payload)
	switch c := &r.cfg.Batch; {
	case !c.Joins() || l.first.rejection != nil:
	case c.Packing != nil:
		n, size = d.packSize(now, l, p)
	default:
		n, size = d.batchSize(now, l)
	}
	for range n {
		e := l.popFront()
		r.dequeue(e)
		p.add(e)
	}
	p.size = size
}

// batchSize returns how many of the lane's first messages go into one publish, and how many bytes that has. Where
// quotas count operations, a batch is no larger than what can be paid for now. If it leaves messages behind, it ends
// where it carries the most bytes for an operation.
func (d *dispatcher) batchSize(now time.Time, l *lane) (n, size int) {
	c, first := &l.route.cfg.Batch, l.first
	most := c.most(first)
	limit := c.MaxBytes
	if d.operations {
		limit = min(limit, d.affordable(now, l.route, first))
	}
	best, bestSize, bestUse := 1, 0, 0.0
	size = c.Framing.Overhead()
	for e := first; e != nil; e = e.next {
		if n > 0 && (size+int(e.size) > limit || n == most || e.rejection != nil || e.maxBatch != first.maxBatch) {
			if d.operations {
				return best, bestSize
			}
			return n, size
		}
		n++
		size += int(e.size)
		if use := float64(size) / float64(quota.Operations(size)); use >= bestUse {
			best, bestSize, bestUse = n, size, use
		}
	}
	return n, size
}

// split marks the messages of a refused batch so that its halves are tried apart: one message may be the reason.
func (p *parcel) split() {
	for e := p.first; e != nil; e = e.next {
		e.ownPast().maxBatch = (p.n + 1) / 2
	}
}

// fill writes the publish into r. Its payload is the message's own, which is not copied, or a batch, which is written
// into buf. It returns buf, which may have grown.
func (p *parcel) fill(r *Request, buf []byte) []byte {
	c := &p.lane.route.cfg
	r.Cache, r.Topic, r.Text = c.Cache, p.lane.topic, c.Text
	if c.Batch.Packing != nil {
		buf = p.pack(buf)
		r.Payload = buf
		return buf
	}
	framing := c.Batch.Framing
	if framing == nil {
		r.Payload = p.first.payload
		return buf
	}
	buf = buf[:0]
	for e := p.first; e != nil; e = e.next {
		buf = framing.Append(buf, e.payload, int(e.size))
	}
	buf = framing.End(buf)
	r.Payload = buf
	return buf
}

// inside is how many messages the publish has, the first of the parcel.
func (p *parcel) inside() int {
	if p.held > 0 {
		return p.held
	}
	return p.n
}

// observe puts an attempt that has ended into the histograms. Those of its messages that are traced are exemplars.
func (p *parcel) observe(now time.Time, accepted bool, traced []Traced) {
	r := p.lane.route
	took := now.Sub(p.sent).Seconds()
	if len(traced) == 0 {
		r.publishSeconds.Observe(took)
	} else {
		observeWith(r.publishSeconds, took, traced[0].Trace)
	}
	r.publishTimes.observe(took)
	if !accepted {
		return
	}
	n, e := p.inside(), p.first
	for range n {
		if took := now.Sub(e.came).Seconds(); len(traced) > 0 && e.mark != nil && e.mark.trace != nil {
			observeWith(r.endToEndSeconds, took, e.mark.trace)
		} else {
			r.endToEndSeconds.Observe(took)
		}
		e = e.next
	}
	if r.cfg.Batch.Joins() {
		r.batchMessages.Observe(float64(n))
	}
}
