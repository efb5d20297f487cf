package daemon

import (
	"math"
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// backlog is what has been seen of one route.
type backlog struct {
	begun    bool     // The source has consumed: before that, nobody knows what waits.
	samples  []sample // The oldest first.
	load     load
	forecast forecast
	told     outlook // The one that has been logged,
	differs  int     // and how many samples in a row have differed from it.
}

// sample is a route at one moment. All but the first three count up.
type sample struct {
	at       time.Time
	halted   bool // Nothing is published until something outside changes, or an operator resumes the route.
	waiting  int64
	arrived  float64
	done     float64
	bytes    float64
	accepted float64 // Messages.
	refused  float64 // Publishes, for quota.
	given    losses
}

// rateSpan is the time that rates are taken over, in samples. The numbers of a stream's consumer come as often.
const rateSpan = 5

func (r *backlog) add(s sample) {
	if len(r.samples) > sampleCount {
		r.samples = append(r.samples[:0], r.samples[1:]...)
	}
	r.samples = append(r.samples, s)
}

// rates returns what has come and gone over the last seconds.
func (r *backlog) rates() admin.Rates {
	if len(r.samples) < 2 {
		return admin.Rates{}
	}
	first, last := r.samples[max(0, len(r.samples)-1-rateSpan)], r.samples[len(r.samples)-1]
	seconds := last.at.Sub(first.at).Seconds()
	in := max(0, last.arrived-first.arrived) / seconds
	if last.halted {
		in = arrivals(r.samples)
	}
	return admin.Rates{
		In:      in,
		Out:     (last.accepted - first.accepted) / seconds,
		Refused: (last.refused - first.refused) / seconds,
	}
}

// step is how rarely what waits on a stream is looked at while nothing is taken over from it.
const step = 6 * time.Second

// arrivals returns what has come per second: from one change to another, as what waits may become known in steps.
// There must be two samples.
func arrivals(samples []sample) float64 {
	from, to := samples[0], samples[len(samples)-1]
	var changes []sample
	for i := 1; i < len(samples); i++ {
		if samples[i].arrived != samples[i-1].arrived {
			changes = append(changes, samples[i])
		}
	}
	if n := len(changes); n > 1 {
		if changes[0].at.Sub(from.at) <= step {
			from = changes[0]
		}
		if to.at.Sub(changes[n-1].at) <= step {
			to = changes[n-1]
		}
	}
	return max(0, to.arrived-from.arrived) / to.at.Sub(from.at).Seconds()
}

// news reports whether the outlook is another one, and has been for a while, than what was told last.
func (r *backlog) news() bool {
	if r.forecast.Outlook == r.told {
		r.differs = 0
		return false
	}
	if r.differs++; r.differs < tellAfter {
		return false
	}
	r.told, r.differs = r.forecast.Outlook, 0
	return true
}

// begun reports whether the route's source has begun to consume.
func (d *Daemon) begun(i int, r *backlog) bool {
	if !r.begun {
		r.begun, _ = d.sources[i].Ready()
	}
	return r.begun
}

// delivers reports whether NATS gives a route what waits there, as far as is known.
func (d *Daemon) delivers(i int) bool {
	ready, _ := d.sources[i].Ready()
	return ready && d.starved(i) == ""
}

func (d *Daemon) sampleOf(i int, stats *pipeline.Stats, now time.Time) sample {
	s := &stats.Routes[i]
	var undelivered, missed int64
	arrived := float64(s.Received) - float64(s.Redelivered)
	switch src := d.sources[i].(type) {
	case *source.Core:
		undelivered, missed = src.Buffered(), src.Dropped()
		arrived += float64(missed + undelivered)
	case streamSource:
		undelivered, _ = src.Pending()
		arrived += float64(undelivered)
	}
	done := 0.0
	for outcome, n := range s.Settled.All() {
		if outcome != pipeline.Returned && outcome != pipeline.Forgotten { // Those are still to be done.
			done += float64(n)
		}
	}
	return sample{
		at:       now,
		halted:   s.State == pipeline.Parked || s.State == pipeline.Paused || stats.Down,
		waiting:  undelivered + int64(s.Queued+s.InFlight),
		arrived:  arrived,
		done:     done,
		bytes:    float64(s.Bytes),
		accepted: float64(s.Settled[pipeline.Published]),
		refused:  float64(s.Attempts[pipeline.Result429]),
		given:    given(s, missed),
	}
}

// seenEnough is for how long a route must have published before what it has done tells what it can.
const seenEnough = 3 * time.Second

// loadOf concludes from samples what a route has to do and what it can: where messages have been waiting all the time
// since it last stood still, what it has done is what it can do. Elsewhere the quota says it.
func (d *Daemon) loadOf(i int, samples []sample, stats *pipeline.Stats) load {
	first, last := samples[0], samples[len(samples)-1]
	rate, messages := stats.Quotas[0].Rate, d.plan.perPublish(i, last)
	load := load{
		Waiting: last.waiting, Capacity: math.Inf(1), Halted: last.halted,
		Quota: stats.Routes[i].LimitedBy == pipeline.ByQuota,
	}
	if !d.plan.routes[i].route.Batch.Joins() {
		load.PerBatch = messages
	}
	if last.at.After(first.at) {
		load.Arrivals = arrivals(samples)
	} else if !last.halted {
		return load
	}
	share := stats.Routes[i].Share
	load.Capacity = rate * share
	if load.PerBatch == 0 {
		load.Capacity *= messages
	}
	running := sinceHalt(samples)
	if len(running) == 0 {
		return load
	}
	seconds := last.at.Sub(running[0].at)
	if seconds <= 0 {
		return load
	}
	done := (last.done - running[0].done) / seconds.Seconds()
	if waited(running, done) && (seconds >= seenEnough || math.IsInf(load.Capacity, 1)) {
		load.Capacity = done
		return load
	}
	load.Capacity = max(done, load.Capacity)
	return load
}

// sinceHalt returns the latest samples, in which the route did not stand still.
func sinceHalt(samples []sample) []sample {
	for n := len(samples); n > 0; n-- {
		if samples[n-1].halted {
			return samples[n:]
		}
	}
	return samples
}

// waited reports whether more messages waited at each moment than are published in one.
func waited(samples []sample, perSecond float64) bool {
	for _, s := range samples {
		if float64(s.waiting) <= perSecond*sampleEvery.Seconds() {
			return false
		}
	}
	return true
}

// perPublish estimates how many messages like those published so far fit into a batch.
func (p *Plan) perPublish(i int, s sample) float64 {
	size := float64(usualMessage)
	if s.accepted > 0 {
		size = s.bytes/s.accepted + 1
	}
	c := p.routes[i].route.Batch
	limit := float64(c.MaxBytes)
	switch {
	case c.Packing != nil:
		limit *= usualPacking
	case c.Framing == nil:
		limit = usualBatch
	}
	n := max(1, math.Floor((limit-1)/max(1, size)))
	if c.MaxMessages > 0 {
		n = min(n, float64(c.MaxMessages))
	}
	return n
}

// usualBatch is the default of batch.max_bytes.
const usualBatch = 4096
