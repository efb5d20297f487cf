package pipeline

import (
	"math"
	"time"

	"momento-bridge/batch"
	"momento-bridge/pipeline/quota"
)

// packing is how a route packs its messages. How many fit into a publish is known once they are packed, which takes too
// long to be done under the mutex. So the dispatcher takes as many as are likely to fit, and some more; the worker
// packs them, and those that did not fit go back to the front of their lane with the answer. They have not been tried.
type packing struct {
	packers chan *packer // That nobody uses: as many as are packing at the same time.

	// Guarded by the pipeline's mutex:
	ratio float64 // Bytes of a publish for each byte that its messages may take unpacked, as it has turned out of late.
}

// packer packs one publish at a time.
type packer struct {
	*batch.Packer
	alone []byte // Reused.
}

const (
	// mostPackers is how many packers a route keeps.
	mostPackers = 16
	// takeMore is how much more is taken than is likely to fit.
	takeMore = 1.1
	// marginAlone is how much longer the marker of a message may become once it is known what came before.
	marginAlone = 7
)

func newPacking() *packing { return &packing{packers: make(chan *packer, mostPackers), ratio: 1} }

func (k *packing) take(p *batch.Packing) *packer {
	select {
	case free := <-k.packers:
		return free
	default:
		return &packer{Packer: batch.NewPacker(p)}
	}
}

func (k *packing) giveBack(p *packer) {
	select {
	case k.packers <- p:
	default:
	}
}

// measurePacked sets the size that a message has in a packed batch, at most. It rejects one that does not fit even when
// it is packed.
func (r *Route) measurePacked(e *entry, m *Message) {
	if e.rejection != nil {
		return
	}
	c := &r.cfg.Batch
	size := c.Packing.Size(m.Payload, m.Subject, m.Header)
	if alone := size + c.Packing.Overhead(); alone > c.MaxBytes {
		if size < batch.Unpackable {
			alone = r.packing.alone(c.Packing, m)
		}
		if alone > c.MaxBytes {
			e.ownPast().rejection = tooLarge(&r.cfg, alone, c.MaxBytes, "batch.max_bytes")
			return
		}
	}
	e.size = int32(size) //nolint:gosec // Less than Unpackable.
}

// alone returns how long a publish of the message alone is, at most.
func (k *packing) alone(p *batch.Packing, m *Message) int {
	with := k.take(p)
	defer k.giveBack(with)
	with.Begin(m.Stream, 0)
	with.Add(m.Payload, m.Sequence, m.Subject, m.Time, m.Header)
	with.alone, _ = with.Fit(with.alone[:0], 0)
	return len(with.alone) + marginAlone
}

// estimate returns how long a publish is likely to be of messages that may take so many bytes.
func (k *packing) estimate(overhead, size int) int {
	return overhead + int(math.Ceil(float64(size)*k.ratio))
}

// packSize is batchSize for a route that packs: how many messages to take, and how many bytes the publish of those that
// fit may have. Where quotas count operations, that is what is paid for.
func (d *dispatcher) packSize(now time.Time, l *lane, p *parcel) (n, size int) {
	r, first := l.route, l.first
	c := &r.cfg.Batch
	limit, overhead := c.MaxBytes, c.Packing.Overhead()
	if d.operations {
		limit = min(limit, d.affordable(now, r, first))
	}
	enough, raw := takeMore*float64(limit-overhead)/r.packing.ratio, 0
	most, last := c.most(first), first
	for e := first; e != nil; e = e.next {
		if n > 0 && (n == most || float64(raw) >= enough || !e.joins(last)) {
			break
		}
		n++
		raw += int(e.size)
		last = e
	}
	size = min(r.packing.estimate(overhead, raw), limit)
	if d.operations {
		limit = min(limit, quota.Bytes(max(size, d.sizeOf(r, first))))
	}
	p.limit = limit
	return n, size
}

// joins reports whether a message can be in one batch with the one before it in the lane. Where subscribers are told
// where a batch stands in its stream, no message of the topic may be missing inside it.
func (e *entry) joins(before *entry) bool {
	if e.rejection != nil || e.maxBatch != before.maxBatch {
		return false
	}
	own, other := e.marked(), before.marked()
	return own.stream == other.stream && (own.stream == 0 || own.previous == other.sequence)
}

// pack packs the parcel into buf, which may grow, and notes how many of its messages the publish holds.
func (p *parcel) pack(buf []byte) []byte {
	r := p.lane.route
	with := r.packing.take(r.cfg.Batch.Packing)
	defer r.packing.giveBack(with)
	first := p.first.marked()
	with.Begin(first.stream, first.previous)
	for e := p.first; e != nil; e = e.next {
		own := e.marked()
		with.Add(e.payload, own.sequence, own.subject, e.came, own.header)
	}
	buf, p.held = with.Fit(buf[:0], p.limit)
	p.size = len(buf)
	return buf
}

// takeRest takes the messages out of the parcel that its publish does not hold, and learns from those that it does.
func (p *parcel) takeRest() (rest parcel) {
	if p.held == 0 {
		return rest
	}
	raw, last := 0, (*entry)(nil)
	e := p.first
	for range p.held {
		raw += int(e.size)
		last, e = e, e.next
	}
	p.lane.route.packing.learn(p.lane.route, p.size, raw, e != nil)
	if e == nil {
		return rest
	}
	rest = parcel{lane: p.lane, first: e, last: p.last, n: p.n - p.held}
	last.next, p.last, p.n = nil, last, p.held
	p.lane.route.inFlight -= rest.n
	return rest
}

// learn notes what messages have become that might have taken raw bytes. Few are packed worse than many, so that they
// tell only that it is no worse than that.
func (k *packing) learn(r *Route, size, raw int, full bool) {
	c := &r.cfg.Batch
	ratio := float64(size-min(size, c.Packing.Overhead())) / float64(max(1, raw))
	switch {
	case full || size >= c.MaxBytes/2:
		k.ratio += (ratio - k.ratio) / 4
	case ratio < k.ratio:
		k.ratio += (ratio - k.ratio) / 2
	}
	k.ratio = max(k.ratio, leastRatio)
}

// leastRatio bounds how many messages are taken at a time, however well they are packed.
const leastRatio = 1.0 / 64

// endRest ends what did not fit, as nobody is left to publish it. It ends after those in front of it, as they may have
// to be returned first.
func (d *dispatcher) endRest(rest *parcel) {
	if rest.n == 0 {
		return
	}
	if rest.lane.mustLand(d) {
		d.putBack(rest)
		return
	}
	for r := rest.lane.route; rest.n > 0; {
		d.end(rest.pop(), r.returned())
	}
}
