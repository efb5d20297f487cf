package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config is what an operator sets, for all routes together.
type Config struct {
	Workers  int           // Connections.
	InFlight int           // Publishes in flight on each connection; 0 means 1. Or ByNeed.
	Timeout  time.Duration // Of one attempt.
	// MaxMessages is how many messages are held in memory. Each route is sure of a part, and borrows what others leave
	// free.
	MaxMessages int
	// MaxBytes is how much payload is held in memory, in the same way.
	MaxBytes int64
	Limits   Limits
	// Learned is what was learned of quotas earlier, by their scopes as in QuotaStats: it is tried first.
	Learned map[string]Learned
	// Operations makes the limits count operations rather than publishes.
	Operations bool
	Delays     Delays
	// KeyAdvice says what to do about a key that is refused, to stand within a sentence; empty: that is not known.
	KeyAdvice string
	// Tracer is told of messages that are traced; nil: none is.
	Tracer Tracer
	Routes []RouteConfig
}

// ByNeed is a Config.InFlight: more than one only where the load needs that and the endpoint behaves.
const ByNeed = -1

// Pipeline carries messages from routes to a sink. Its methods may be called concurrently.
type Pipeline struct {
	cfg     Config
	sink    Sink
	log     *slog.Logger
	metrics *Metrics
	leased  atomic.Bool // Some route publishes only while it is held, or did.

	// mu guards the following, and every Route with all that it refers to. Nothing blocks while it is held. Whoever may
	// have ended a message frees it with unlock.
	mu      sync.Mutex
	d       dispatcher
	letters letterQueue
	room    *sync.Cond // Some route may have room; Submit calls wait for it where they block.

	// Workers.
	workers []*worker
	idle    []*worker // In the order in which they became idle.
	waking  int       // Workers that have been woken and have not got the mutex yet.
	wokenAt time.Time // When the latest of those was woken.
	depth   depth     // How many share the load, with how many publishes on each connection.
	// answeredAt is when a worker has last come back with answers.
	answeredAt time.Time
	timer      *time.Timer // It wakes a worker when something is due.
	timerAt    time.Time   // When it rings; zero: it has rung.
	crowds     crowds      // Which connections leave their server.

	// The end.
	closing bool          // Some route is closed.
	endBy   time.Time     // When publishing must end; zero before the drain.
	drained bool          // Every route is closed and has nothing left.
	done    chan struct{} // Closed when that is so.
}

// New builds a pipeline that is not running yet. Submit blocks once the queue is full until Run is called.
func New(cfg Config, sink Sink, log *slog.Logger, metrics *Metrics) *Pipeline {
	p := &Pipeline{cfg: cfg, sink: sink, log: log, metrics: metrics, done: make(chan struct{})}
	p.depth = newDepth(cfg.Workers, cfg.InFlight)
	p.room = sync.NewCond(&p.mu)
	p.letters.changed = sync.NewCond(&p.mu)
	p.d = dispatcher{
		delays:            cfg.Delays,
		maxTrialsInFlight: max(1, min(mostTrialsInFlight, cfg.Workers*max(1, cfg.InFlight)/2)),
		operations:        cfg.Operations, waited: metrics.rateLimitWait,
		events: eventNotes{keyAdvice: cfg.KeyAdvice},
	}
	lineup := make([]Place, len(cfg.Routes))
	for i, rc := range cfg.Routes {
		lineup[i].Begin = rc
	}
	all, _ := p.makeLineup(lineup)
	p.d.lineUp(all)
	p.d.memory.share(all, int64(cfg.MaxMessages), cfg.MaxBytes)
	for _, r := range all {
		r.begin()
	}
	now := time.Now()
	p.d.setLimits(now, cfg.Limits)
	p.d.believe(now, cfg.Learned)
	return p
}

// newRoute makes one route, which has no part of the memory yet.
func (p *Pipeline) newRoute(rc RouteConfig, c *cache, own *common) *Route {
	var packs *packing
	if rc.Batch.Packing != nil {
		packs = newPacking()
	}
	if rc.Held != nil {
		p.leased.Store(true)
	}
	metrics := p.metrics
	if rc.Apart {
		metrics = NewMetrics(prometheus.NewRegistry()) // Nobody asks for them.
	}
	return &Route{
		cfg:             rc,
		packing:         packs,
		maxMessages:     max(1, p.cfg.MaxMessages),
		pipeline:        p,
		cache:           c,
		common:          own,
		parts:           int64(own.routes),
		lanes:           map[string]*lane{},
		wake:            make(chan struct{}, 1),
		publishSeconds:  metrics.publishSeconds.WithLabelValues(rc.Name),
		publishTimes:    &metrics.times,
		endToEndSeconds: metrics.endToEndSeconds.WithLabelValues(rc.Name),
		batchMessages:   metrics.batchMessages.WithLabelValues(rc.Name),
	}
}

// Route returns the i-th route of the configuration, or of the latest lineup.
func (p *Pipeline) Route(i int) *Route {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.d.routes[i]
}

// Run publishes until every route is closed and nothing is left, or until hard is done. In the latter case it returns
// or drops what is queued, waits for the attempts in flight to end, and returns the number of messages that had not
// ended when hard was done. It may be called once.
func (p *Pipeline) Run(hard context.Context) int {
	p.mu.Lock()
	p.timer = time.AfterFunc(time.Hour, p.tick)
	p.timerAt = time.Now().Add(time.Hour)
	p.checkDrained()
	p.mu.Unlock()
	defer p.timer.Stop()

	var workers sync.WaitGroup
	for range p.cfg.Workers {
		workers.Go(p.newWorker().run)
	}
	for i := range keepers {
		workers.Go(func() { p.keepLetters(i) })
	}
	left := 0
	select {
	case <-p.done:
	case <-hard.Done():
		left = p.stopNow()
	}
	workers.Wait()
	return left
}

// newWorker makes a worker with a connection of its own.
func (p *Pipeline) newWorker() *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := newWorker(p, p.depth.most())
	p.workers = append(p.workers, w)
	return w
}

// EndBy sets when publishing must end: no attempt that starts from now on lasts longer, and the last one starts so long
// before that it can be answered. It is called once, when the drain begins.
func (p *Pipeline) EndBy(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endBy = t
	p.d.startBy = t.Add(-min(lastStart, p.cfg.Timeout/2))
}

// deadline is when an attempt that starts now must end.
func (p *Pipeline) deadline(now time.Time) time.Time {
	deadline := now.Add(p.cfg.Timeout)
	if !p.endBy.IsZero() && p.endBy.Before(deadline) {
		return p.endBy
	}
	return deadline
}

// stopNow ends all messages that are queued and lets the workers end. It returns the number of messages that had not
// ended.
func (p *Pipeline) stopNow() int {
	p.mu.Lock()
	p.closing = true
	p.d.stopped = true
	left := 0
	for _, r := range p.d.routes {
		if !r.cfg.Apart {
			left += r.unsettled()
		}
	}
	p.endLetters()
	for _, r := range p.d.routes {
		r.closed = true
		if r.cfg.Settler == nil && !r.cfg.Returnable {
			p.forgetQueued(r)
			continue
		}
		p.d.endQueued(r, false)
	}
	p.room.Broadcast()
	p.checkDrained()
	p.unlock()
	return left
}

// checkDrained lets the workers end once every route is closed and has nothing left.
func (p *Pipeline) checkDrained() {
	if !p.closing || p.drained {
		return
	}
	for _, r := range p.d.routes {
		if !r.closed || r.retiring || r.unsettled() > 0 {
			return
		}
	}
	p.drained = true
	close(p.done)
	for _, w := range p.idle {
		p.wakeWorker(w)
	}
	p.idle = nil
	p.letters.changed.Broadcast()
}

const (
	// stuckAfter is how much longer than an attempt's timeout a publish may take. In an outage of NATS it may take long
	// to tell the source how the message before it has ended, and until storing a dead letter fails.
	stuckAfter = 45 * time.Second
	// timerLate is how late the timer may ring.
	timerLate = 5 * time.Second
)

// Stuck returns why the pipeline makes no progress through its own fault, or "" if it does. An endpoint that does not
// answer is no such fault, because attempts end by themselves. A single finding may be due to the process having been
// stopped for a while; one that lasts for several seconds is not. Stuck waits for the mutex: a caller who must not be
// stuck as well calls it on a goroutine of its own.
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

// forgotten reports whether something may be published now, workers are idle, and nothing is going to wake one.
func (p *Pipeline) forgotten(now time.Time) bool {
	if len(p.idle) == 0 || p.enough(now, p.busy()) || p.waking > 0 && now.Sub(p.wokenAt) <= timerLate {
		return false
	}
	if p.timerAt.IsZero() || p.timerAt.After(now) {
		ready, _ := p.d.ready(now)
		return ready
	}
	return now.Sub(p.timerAt) > timerLate
}
