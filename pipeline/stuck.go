package pipeline

import "time"

const (
	// stuckAfter is how much longer than an attempt's timeout a publish may take: in an outage of NATS it may take long to tell the source how the
	// one before has ended, and to fail to store a dead letter.
	stuckAfter = 45 * time.Second
	// timerLate is how late the timer may ring.
	timerLate = 5 * time.Second
)

// Stuck returns why the pipeline makes no progress through its own fault, empty if it does. An endpoint that does not answer is none:
// attempts end by themselves. What it says once may be due to the process having been stopped; what it says for several seconds is not. It waits for the
// mutex, so that a caller who must not be stuck as well asks on a goroutine of its own.
func (p *Pipeline) Stuck(now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := p.letters.oldest()
	for _, w := range p.workers {
		since = earlier(since, w.oldest())
	}
	if !since.IsZero() && now.Sub(since) > p.cfg.Timeout+stuckAfter {
		return "a worker has been busy with one publish since " + since.UTC().Format(time.RFC3339)
	}
	if p.forgotten(now) {
		return "messages could be published and no worker takes them"
	}
	return ""
}

// forgotten reports whether something may be published now, workers wait, and nothing will wake one.
func (p *Pipeline) forgotten(now time.Time) bool {
	if len(p.idle) == 0 || p.waking > 0 && now.Sub(p.rousedAt) <= timerLate {
		return false
	}
	if p.timerAt.IsZero() || p.timerAt.After(now) {
		ready, _ := p.d.ready(now)
		return ready
	}
	return now.Sub(p.timerAt) > timerLate
}
