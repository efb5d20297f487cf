package daemon

import (
	"fmt"
	"math"
	"time"

	"momento-bridge/admin"
	"momento-bridge/daemon/status"
	"momento-bridge/terminal"
)

// backlog is what has been seen of one route.
type backlog struct {
	begun   bool     // The source has consumed: before that, nobody knows what waits.
	samples []sample // The oldest first.
	told    outlook  // The outlook that has been logged,
	differs int      // and how many samples in a row have differed from it.
}

const (
	// remembered is how many samples are kept: what is concluded slowly needs as long.
	remembered = 60
	// rateSpan is the time that rates are taken over.
	rateSpan = 5 * time.Second
)

func (r *backlog) add(s sample) {
	s.begun = r.begun
	if len(r.samples) > remembered {
		r.samples = append(r.samples[:0], r.samples[1:]...)
	}
	r.samples = follow(r.samples, s)
}

// follow appends a sample.
func follow(samples []sample, s sample) []sample {
	published := 0.0
	if n := len(samples); n > 0 {
		published = s.done - samples[n-1].done
	}
	switch flowing := s.flowing(); {
	case flowing == 0:
		s.busy = false
	case s.still == 0 && !s.oldest.IsZero():
		s.busy = s.at.Sub(s.oldest) > sampleEvery+s.linger
	default:
		s.busy = float64(flowing) > max(1, published)
	}
	return append(samples, s)
}

// with are the samples with one more at the end, which is of now. One just before it makes room.
func (r *backlog) with(s sample) []sample {
	s.begun = r.begun
	n := len(r.samples)
	if n > 0 && s.at.Sub(r.samples[n-1].at) < sampleEvery/2 {
		n--
	}
	return follow(append(make([]sample, 0, n+1), r.samples[:n]...), s)
}

// view is all that is told of the flow of a route, of one moment.
type view struct {
	load     load
	forecast forecast
	rates    admin.Rates
	now      sample
	spent    float64       // Of the quota, per second over the last seconds,
	each     float64       // and how many messages for each; 0: that is not known.
	unsure   bool          // Nothing is foretold as what is published is not steady yet.
	since    time.Duration // For how long nothing has begun, ended or stood still.
	oldest   float64       // Seconds; NaN: not known, or nothing waits.
	dry      bool          // NATS has messages and gives none, though nothing else keeps them.
	silence  float64       // For how many seconds NATS has not told of what waits there, where it should have.
}

// viewOf concludes it from samples. There must be one.
func viewOf(samples []sample) view {
	s := samples[len(samples)-1]
	w := windowOf(samples)
	v := view{now: s, rates: ratesOf(samples), oldest: math.NaN(), load: loadOf(&w)}
	v.spent, v.each = spentOf(samples)
	v.since = s.at.Sub(samples[sinceChange(samples)].at)
	if w.arrivals.span == 0 { // Too little to conclude from, and still what comes.
		v.load.Arrivals = v.rates.In
	}
	if s.waiting > 0 && !s.oldest.IsZero() {
		v.oldest = max(0, s.at.Sub(s.oldest).Seconds())
	}
	if len(samples) > 1 && !s.halted {
		v.dry = s.dry(&samples[len(samples)-2])
	}
	if s.away && !s.heard.IsZero() {
		v.silence = max(0, s.at.Sub(s.heard).Seconds())
	}
	v.forecast = v.outlook(&w)
	if v.unsure && v.since >= unsteady {
		if f := averaged(samples); f.Outlook != notKnown {
			v.forecast = f
		}
	}
	return v
}

// outlook is the forecast of a moment.
func (v *view) outlook(w *window) forecast {
	s := &v.now
	switch {
	case !s.known():
		return forecast{Text: "not known yet"}
	case s.away:
		return forecast{Text: v.unheard()}
	case s.halted && s.waiting > 0:
		return forecast{Outlook: fallingBehind, Text: fmt.Sprintf("never while the route stands still: %s, arrivals %s",
			waiting(s.waiting), v.arriving(w))}
	case s.strayed > 0:
		return forecast{Text: "not known yet: " + status.Strayed(s.strayed, s.ackWait)}
	case v.keepsUp(w):
		return forecast{Outlook: keepingUp, Text: "keeping up" + v.but()}
	case v.dry:
		return forecast{Text: "not known while nothing comes from NATS: " + waiting(s.waiting)}
	}
	f := forecast{Text: "not known yet: " + waiting(s.waiting)}
	if !w.arrivals.uneven && !w.done.uneven {
		f = v.load.forecast()
	}
	v.unsure = f.Outlook == notKnown
	return f
}

// keepsUp reports whether nothing waits for longer than a moment, but for what is not ours to publish.
func (v *view) keepsUp(w *window) bool {
	s := &v.now
	flowing, moment := s.flowing(), (momentary + s.linger).Seconds()
	switch {
	case flowing == 0, s.stored == 0 && s.queued == 0:
		return true
	case s.still == 0 && !math.IsNaN(v.oldest):
		return v.oldest <= moment && float64(flowing) <= max(handful, w.done.rate*moment)
	}
	return float64(flowing) <= max(1, w.done.rate*moment)
}

// handful is how many messages come together without being a backlog, as far as they have just come.
const handful = 10

// but says what waits nevertheless.
func (v *view) but() string {
	if v.now.still == 0 {
		return ""
	}
	return ", but for " + terminal.Count(v.now.still) + " put aside"
}

// unheard says since when what waits is not known any more.
func (v *view) unheard() string {
	text := "not known while nothing comes from NATS"
	if v.now.heard.IsZero() || v.now.waiting == 0 {
		return text
	}
	return fmt.Sprintf("%s: %s when it told of that last, %s ago", text, waiting(v.now.waiting),
		terminal.Age(time.Duration(v.silence)*time.Second))
}

// arriving says how much comes.
func (v *view) arriving(w *window) string {
	if w.arrivals.span == 0 {
		return "not known yet"
	}
	return terminal.Number(v.load.Arrivals) + "/s"
}

// loadOf concludes from a window what a route has to do and what it can. While messages wait, what it does is what it
// can, and no more than a quota allows that is known. Elsewhere the quota says it.
func loadOf(w *window) load {
	first, last := w.samples[0], w.samples[len(w.samples)-1]
	l := load{
		Waiting: last.waiting - min(last.waiting, last.still), Arrivals: w.arrivals.rate, Capacity: math.Inf(1),
		Quota: last.byQuota,
		Doubt: math.Hypot(w.arrivals.doubt(), w.done.doubt()), Seen: w.span(),
	}
	if !last.joins {
		l.PerBatch = last.perPublish
	}
	each := 1.0
	if last.joins {
		each = last.perPublish
	}
	if paid := last.cost - first.cost; paid > 0 && last.accepted > first.accepted {
		each = (last.accepted - first.accepted) / paid
	}
	allowed := math.Inf(1)
	if last.quota > 0 {
		allowed = last.quota * each
	}
	switch {
	case !last.busy:
		l.Capacity = allowed * last.share
	case w.span() > 0 && !last.halted && !last.rising:
		l.Capacity = min(w.done.rate, allowed)
	}
	if w.arrivals.span == 0 {
		l.Seen = 0
	}
	return l
}

// ratesOf are what has come and gone over the last seconds: what came over whole steps of the server.
func ratesOf(samples []sample) admin.Rates {
	if len(samples) < 2 {
		return admin.Rates{}
	}
	first, last := lastSeconds(samples)
	seconds := last.at.Sub(first.at).Seconds()
	rates := admin.Rates{
		Out: (last.accepted - first.accepted) / seconds, Refused: (last.refused - first.refused) / seconds,
	}
	if !last.away {
		rates.In = incoming(arrivedIn(samples))
	}
	return rates
}

// lastSeconds are the samples at both ends of the time that rates are taken over. There must be two.
func lastSeconds(samples []sample) (first, last *sample) {
	last = &samples[len(samples)-1]
	first = last
	for i := len(samples) - 2; i >= 0 && last.at.Sub(first.at) < rateSpan-sampleEvery/4; i-- {
		first = &samples[i]
	}
	return first, last
}

// spentOf is what a route has paid per second over the last seconds, and how many messages it has published for each.
func spentOf(samples []sample) (spent, each float64) {
	if len(samples) < 2 {
		return 0, 0
	}
	first, last := lastSeconds(samples)
	paid := last.cost - first.cost
	if paid <= 0 {
		return 0, 0
	}
	return paid / last.at.Sub(first.at).Seconds(), (last.accepted - first.accepted) / paid
}

// incoming is what came per second over the last steps.
func incoming(points []point) float64 {
	if len(points) < 2 {
		return 0
	}
	last := points[len(points)-1]
	first := last
	for i := len(points) - 2; i >= 0 && last.at.Sub(first.at) < rateSpan-sampleEvery/4; i-- {
		first = points[i]
	}
	return max(0, last.count-first.count) / last.at.Sub(first.at).Seconds()
}

// news reports whether the outlook is another one, and has been for a while, than what was told last. That nothing is
// known is no news.
func (r *backlog) news(now outlook) bool {
	if now == r.told || now == notKnown {
		r.differs = 0
		return false
	}
	if r.differs++; r.differs < tellAfter {
		return false
	}
	r.told, r.differs = now, 0
	return true
}
