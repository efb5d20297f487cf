package drive

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"momento-bridge/pipeline"
)

// Publisher makes one publish after the other. One goroutine calls its methods.
type Publisher interface {
	// Publish sends a publish, once, and blocks until it is answered or its deadline has passed.
	Publish(r *pipeline.Request) pipeline.Answer
	// Close is called once, last.
	Close()
}

// Config is what the engine sends, and how.
type Config struct {
	Publisher   func() Publisher // Makes one, for a worker.
	Connections int              // At the most; at low rates fewer are used, so that none is idle for long.
	Timeout     time.Duration    // One publish.
	// Payload, Cache and Topic are of the i-th publish. They are called by one goroutine; the payload is not changed
	// later.
	Payload func(i int) []byte
	Cache   func(i int) string
	Topic   func(i int) string
	// Arrivals plans the publishes; nil: Even.
	Arrivals Arrivals
	// AtOnce is how many publishes the arrivals plan for one moment: that many connections are used, if there are.
	AtOnce int
	// Patience is how long a publish may wait for a connection, beyond its tolerance; 0: what finds none that is free
	// is missed, or soon is. Waiting is bounded by Waiting publishes as well. What the pacer itself is late with is
	// missed all the same.
	Patience time.Duration
	Waiting  int
	// Allow says whether a publish may be sent now: one that may not is missed. It is asked by one goroutine; nil: all
	// may. Answered is told of the answers, and when their publishes were sent, by several; nil: nobody is.
	Allow    func() bool
	Answered func(sent time.Time, a *pipeline.Answer)
	// Opened is how many connections have been opened so far; nil: nobody knows.
	Opened func() uint64
	// KeyAdvice says what to do about a key that is refused; empty: that is not known.
	KeyAdvice string
	// Machine is what the engine runs on; what is nil is the real one's.
	Machine Machine
}

// Machine is what the engine asks of the machine, besides the time.
type Machine struct {
	Sleep func(d time.Duration) // Of the pacer; it may return early. Go's own, for virtual time.
	CPU   func() time.Duration  // What the program has used so far, of all cores together.
}

func (m *Machine) complete() {
	if m.Sleep == nil {
		m.Sleep = sleep
	}
	if m.CPU == nil {
		m.CPU = cpuTime
	}
}

// Engine makes trials. Run, Idle and Now are called by one goroutine; the others as they say.
type Engine struct {
	ctx     context.Context
	cfg     Config
	began   time.Time
	tickets chan ticket
	workers sync.WaitGroup

	active     atomic.Int32                  // So many workers take tickets: the first ones.
	changed    atomic.Pointer[chan struct{}] // Closed, and another one, when active has changed.
	publishers []Publisher

	sent     int // Tickets so far: the number of the next.
	flying   atomic.Int64
	failures atomic.Int32           // In a row.
	failure  atomic.Pointer[string] // What the latest failure was.
	fatal    atomic.Pointer[error]
	texts    refusals
	counts   [fates]atomic.Int64 // Of settled tickets, so far.
	records  []*Record           // Of each worker.
	measured []Measured
	seconds  series
	noted    noted
}

// Measured is what was measured in a trial, of its last phase.
type Measured struct {
	*Record
	Rate   float64
	OnTime float64 // The share that was sent in time.
	CPU    float64 // The program's own use, of all cores.
	Waited bool    `json:",omitempty"` // What was not sent in time waited for connections, and these for answers.
	// Sent is how many of the Planned publishes were sent.
	Sent, Planned int
	Stall         float64 // How late the latest publish was, sent or not, in seconds.
}

// ticket is one publish that is to be sent at a time.
type ticket struct {
	request pipeline.Request
	planned int64 // On the engine's clock, in nanoseconds.
	late    int64 // When it is too late.
	entry   *entry
	refused *atomic.Int64 // Of its phase.
	record  bool
}

// New starts the workers. When ctx is done trials end at once, and say so.
func New(ctx context.Context, cfg Config) *Engine {
	if cfg.Arrivals == nil {
		cfg.Arrivals = Even
	}
	cfg.Machine.complete()
	e := &Engine{ctx: ctx, cfg: cfg, began: time.Now(), tickets: make(chan ticket, max(cfg.Connections, cfg.Waiting))}
	e.activate(0)
	for i := range cfg.Connections {
		p, record := cfg.Publisher(), newRecord()
		e.publishers, e.records = append(e.publishers, p), append(e.records, record)
		e.workers.Go(func() { e.work(i, p, record) })
	}
	return e
}

// Close ends the workers.
func (e *Engine) Close() {
	close(e.tickets)
	e.activate(e.cfg.Connections)
	e.workers.Wait()
}

// Now implements search.Tester.
func (e *Engine) Now() float64 { return float64(e.now()) / 1e9 }

func (e *Engine) now() int64 { return int64(time.Since(e.began)) }

// Idle implements search.Tester.
func (e *Engine) Idle(seconds float64) {
	select {
	case <-e.ctx.Done():
	case <-time.After(time.Duration(seconds * float64(time.Second))):
	}
}

// Refusals are the texts with which publishes were refused for quota so far. It may be called concurrently.
func (e *Engine) Refusals() map[string]int { return e.texts.all() }

// Seconds are the publishes so far, second by second.
func (e *Engine) Seconds() []Second { return e.seconds.all }

// Counts are the publishes so far, whatever the trial. It may be called concurrently.
func (e *Engine) Counts() Second {
	of := func(f fate) int { return int(e.counts[f].Load()) }
	return Second{Accepted: of(accepted), Refused: of(refused), Failed: of(failed), Missed: of(missed)}
}

// Measured is what was measured in each trial, in their order.
func (e *Engine) Measured() []Measured { return e.measured }

// activate lets the first n workers take tickets, in turns. The others take none.
func (e *Engine) activate(n int) {
	e.active.Store(int32(n))
	changed := make(chan struct{})
	if before := e.changed.Swap(&changed); before != nil {
		close(*before)
	}
}

// work publishes on one connection: the i-th.
func (e *Engine) work(i int, p Publisher, record *Record) {
	defer p.Close()
	for {
		changed := *e.changed.Load() // First: what changes after this is seen.
		if int32(i) >= e.active.Load() {
			<-changed
			continue
		}
		select {
		case <-changed:
		case t, ok := <-e.tickets:
			if !ok {
				return
			}
			e.publish(p, &t, record)
			e.flying.Add(-1)
		}
	}
}

func (e *Engine) publish(p Publisher, t *ticket, record *Record) {
	start := time.Now()
	sent := int64(start.Sub(e.began))
	if sent > t.late || e.cfg.Patience > 0 && e.ended() != nil {
		e.settle(t.entry, missed, sent, sent)
		return
	}
	t.request.Start, t.request.Deadline = start, start.Add(e.cfg.Timeout)
	a := p.Publish(&t.request)
	if e.cfg.Answered != nil {
		e.cfg.Answered(start, &a)
	}
	f := e.judge(&a)
	answered := e.now()
	if t.record {
		record.add(f, t.planned, sent, answered)
	}
	if f == refused {
		t.refused.Add(1)
	}
	e.settle(t.entry, f, sent, answered)
}

// settle notes what became of a ticket, when it was sent and when answered.
func (e *Engine) settle(of *entry, f fate, sent, answered int64) {
	of.settle(f, sent, answered)
	e.counts[f].Add(1)
}

// judge says what an answer means for the trial. An endpoint that refuses for another reason than quota ends it.
func (e *Engine) judge(a *pipeline.Answer) fate {
	switch a.Verdict {
	case pipeline.Accept:
		e.failures.Store(0)
		return accepted
	case pipeline.SlowDown:
		e.failures.Store(0)
		e.texts.note(a.Detail)
		return refused
	case pipeline.HaltAll, pipeline.HaltTopic, pipeline.HaltCache, pipeline.HaltRoute, pipeline.Reject:
		e.stop(a)
	case pipeline.Retry, pipeline.Ambiguous, pipeline.Unsent:
		if e.failures.Add(1) >= failuresInARow {
			e.stop(a)
		}
	}
	detail := a.Detail
	e.failure.Store(&detail)
	return failed
}
