package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

// FuzzWhatCouldBeAcceptedIsAccepted lives lives in which the endpoint refuses topics, single messages, and spans of
// time in every way that there is, some for ever and some for a while. Whatever stands beside it, a message that
// nothing speaks against is accepted within a bounded time after the spans are over.
func FuzzWhatCouldBeAcceptedIsAccepted(f *testing.F) {
	for seed := range long.Or[uint64](40, 150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		synctest.Test(t, func(t *testing.T) { prosper(t, seed, rand.New(rand.NewPCG(seed, 2))) })
	})
}

// fate is how the endpoint of one life answers.
type fate struct {
	mu       sync.Mutex // Guards rng.
	rng      *rand.Rand
	began    time.Time
	latency  time.Duration
	topics   map[string]pipeline.Answer // Those that are refused for ever.
	messages map[string]pipeline.Answer // As are these.
	spells   []spell
	accepted sync.Map
}

// spell is a time in which publishes of a topic, or with none all of them, are refused.
type spell struct {
	from, to time.Duration
	topic    string
	answer   pipeline.Answer
}

const (
	spellsEnd = 5 * time.Minute
	// bounded is the time after the last spell and the last message within which all must be accepted: the longest
	// wishes, and the longest delays between probes, several times.
	boundedTime = 45 * time.Minute
)

func (f *fate) Connection(depth int) pipeline.Connection { return newFakeConnection(depth, f.publish) }

func (f *fate) publish(r *pipeline.Request) pipeline.Answer {
	a, ok := f.refusal(r)
	if a.Result == pipeline.ResultTimeout && ok {
		time.Sleep(time.Until(r.Deadline))
		return a
	}
	f.mu.Lock()
	pause := time.Duration(f.rng.Int64N(int64(f.latency)))
	f.mu.Unlock()
	time.Sleep(pause)
	if ok {
		return a
	}
	f.accepted.Store(string(r.Payload), true)
	return accept()
}

func (f *fate) refusal(r *pipeline.Request) (pipeline.Answer, bool) {
	at := time.Since(f.began)
	for _, s := range f.spells {
		if at >= s.from && at < s.to && (s.topic == "" || s.topic == r.Topic) {
			return s.answer, true
		}
	}
	for line := range strings.Lines(string(r.Payload)) {
		if a, ok := f.messages[strings.TrimSpace(line)]; ok {
			return a, true
		}
	}
	a, ok := f.topics[r.Topic]
	return a, ok
}

// refusals are those that may be about a topic or a message, and with them those that are about everybody.
var lastingRefusals = []pipeline.Answer{
	answer(pipeline.Retry, pipeline.Result5xx, 500), answer(pipeline.HaltTopic, pipeline.Result403, 403),
	answer(pipeline.HaltCache, pipeline.Result404, 404), answer(pipeline.Reject, pipeline.Result400, 400),
	answer(pipeline.HaltAll, pipeline.Result401, 401), answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0),
	answer(pipeline.Ambiguous, pipeline.ResultNetwork, 0),
}

func passingRefusal(rng *rand.Rand) pipeline.Answer {
	all := append([]pipeline.Answer{
		answer(pipeline.SlowDown, pipeline.Result429, 429), answer(pipeline.Retry, pipeline.ResultNetwork, 0),
		answer(pipeline.Retry, pipeline.Result5xx, 503),
		answer(pipeline.HaltRoute, pipeline.Result400, 400),
	}, lastingRefusals...)
	a := all[rng.IntN(len(all))]
	if rng.IntN(3) == 0 {
		a.RetryAfter = time.Duration(1+rng.IntN(300)) * time.Second
	}
	return a
}

func prosper(t *testing.T, seed uint64, rng *rand.Rand) {
	f := &fate{
		rng: rng, began: time.Now(), latency: time.Duration(1+rng.IntN(200)) * time.Millisecond,
		topics: map[string]pipeline.Answer{}, messages: map[string]pipeline.Answer{},
	}
	topics := 1 + rng.IntN(40)
	var lasting []pipeline.Answer // Few kinds in one life, so that they meet each other also alone.
	for range 1 + rng.IntN(3) {
		lasting = append(lasting, lastingRefusals[rng.IntN(len(lastingRefusals))])
	}
	for i := range topics {
		if rng.IntN(4) == 0 {
			f.topics[fmt.Sprint("t", i)] = lasting[rng.IntN(len(lasting))]
		}
	}
	for range rng.IntN(6) {
		s := spell{from: time.Duration(rng.Int64N(int64(spellsEnd))), answer: passingRefusal(rng)}
		s.to = min(spellsEnd, s.from+time.Duration(rng.Int64N(int64(2*time.Minute))))
		if rng.IntN(2) == 0 {
			s.topic = fmt.Sprint("t", rng.IntN(topics))
		}
		f.spells = append(f.spells, s)
	}
	route := pipeline.RouteConfig{Ordered: rng.IntN(2) == 0, Returnable: rng.IntN(2) == 0, DeadLetters: slowLetters(0)}
	if rng.IntN(2) == 0 {
		route.DeadLetters = nil
	}
	if rng.IntN(2) == 0 {
		route.GiveUpAfter = 10 * time.Minute
	}
	if rng.IntN(3) == 0 {
		route.Batch = pipeline.BatchConfig{Framing: lines{}, MaxMessages: 1 + rng.IntN(5), MaxBytes: 4096}
	}
	settled := newEnds()
	source := &modelSource{settled: settled, stream: route.Returnable}
	route.Settler = source
	limits := []pipeline.Rate{unlimited, {Ceiling: 20}, {Ceiling: learnedCeiling, Learn: true}}[rng.IntN(3)]
	p := build(pipeline.Config{
		Workers: 1 + rng.IntN(8), InFlight: anyInFlight(rng),
		MaxMessages: 8192, Delays: pipeline.DefaultDelays(), Limits: pipeline.Limits{Region: limits},
		Routes: []pipeline.RouteConfig{route},
	}, f)
	hard, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { p.Run(hard) })

	n := 20 + rng.IntN(200)
	gap := time.Duration(rng.Int64N(int64(2 * spellsEnd / time.Duration(n))))
	source.route = p.Route(0)
	good := 0
	for i := range n {
		topic, line := fmt.Sprint("t", rng.IntN(topics)), fmt.Sprint("m", i)
		if rng.IntN(20) == 0 {
			f.messages[line] = lasting[rng.IntN(len(lasting))]
		}
		source.messages = append(source.messages, pipeline.Message{Topic: topic, Payload: []byte(line), Handle: line})
	}
	all.Go(func() { source.run(hard, gap) })
	time.Sleep(spellsEnd + time.Duration(n)*gap + boundedTime)
	for i, m := range source.messages {
		if !f.couldBe(route, source.messages[:i], m) {
			continue
		}
		good++
		if o := settled.last(m.Handle); o != pipeline.Published && o != pipeline.Rejected &&
			o != pipeline.DeadLettered {
			s := p.Stats()
			t.Errorf("seed %d: %s of topic %s is not accepted: ordered %v, returnable %v, pulled %d of %d; down %v, "+
				"key refused %v, route %+v; topics %v, messages %v, spells %+v",
				seed, m.Payload, m.Topic, route.Ordered, route.Returnable, source.next, n, s.Down, s.KeyRefused,
				s.Routes[0], f.topics, f.messages, f.spells)
			break
		}
	}
	cancel()
	p.Route(0).Close()
	all.Wait()
	checkLedger(t, p)
	checkTrouble(t, p, 0)
}

// checkTrouble checks that what is counted among what stands still has left the counts with its messages.
func checkTrouble(t *testing.T, p *pipeline.Pipeline, route int) {
	t.Helper()
	if s := p.Stats().Routes[route]; s.Troubled != 0 || s.Suspects != 0 || s.Aside != 0 {
		t.Errorf(
			"with no message left %d are in trouble, %d are suspects, %d are put aside", s.Troubled,
			s.Suspects, s.Aside)
	}
}

const learnedCeiling = 1000.0

// couldBe reports whether nothing that lasts speaks against a message: of itself, of its topic, or with order of one
// before it.
func (f *fate) couldBe(route pipeline.RouteConfig, before []pipeline.Message, m pipeline.Message) bool {
	if _, bad := f.topics[m.Topic]; bad {
		return false
	}
	if _, bad := f.messages[string(m.Payload)]; bad {
		return false
	}
	if !route.Ordered {
		return true
	}
	for _, b := range before {
		if _, bad := f.messages[string(b.Payload)]; bad && b.Topic == m.Topic {
			return false
		}
	}
	return true
}

// modelSource is a stream, or core NATS. What a stream has handed back comes again, before anything new; it is handed
// back once in a halt.
type modelSource struct {
	route    *pipeline.Route
	settled  *ends
	stream   bool
	messages []pipeline.Message
	due      func(i int) time.Duration // Since the beginning; nil: one after each gap.
	next     int

	mu       sync.Mutex // Guards the following.
	returned []pipeline.Message
	open     int
}

// Settle implements Settler.
func (s *modelSource) Settle(handle any, o pipeline.Outcome) {
	s.settled.Settle(handle, o)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if o == pipeline.Returned {
		var i int
		fmt.Sscanf(handle.(string), "m%d", &i)
		s.returned = append(s.returned, s.messages[i])
	}
}

func (s *modelSource) submit(m pipeline.Message) {
	s.mu.Lock()
	s.open++
	s.mu.Unlock()
	m.Time = time.Now()
	s.route.Submit(m)
}

// take returns the next message, once it is there.
func (s *modelSource) take(began time.Time, gap time.Duration) (pipeline.Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.returned) > 0 {
		m := s.returned[0]
		s.returned = s.returned[1:]
		return m, true
	}
	if s.next == len(s.messages) || time.Since(began) < s.dueAt(gap) {
		return pipeline.Message{}, false
	}
	s.next++
	return s.messages[s.next-1], true
}

// dueAt is when the next message comes, since the beginning.
func (s *modelSource) dueAt(gap time.Duration) time.Duration {
	if s.due != nil {
		return s.due(s.next)
	}
	return time.Duration(s.next) * gap
}

func (s *modelSource) run(ctx context.Context, gap time.Duration) {
	began := time.Now()
	if !s.stream {
		for ; s.next < len(s.messages); s.next++ {
			time.Sleep(time.Until(began.Add(s.dueAt(gap))))
			s.submit(s.messages[s.next])
		}
		return
	}
	var back time.Time
	asked := 0
	for ctx.Err() == nil {
		if asked == 0 {
			asked, _ = s.route.Reserve()
		}
		before := asked
		for asked > 0 {
			m, ok := s.take(began, gap)
			if !ok {
				break
			}
			asked--
			s.submit(m)
		}
		if before > 0 && asked == 0 { // The request is over.
			continue
		}
		if since := s.route.Halted(); !since.IsZero() && time.Since(since) > 30*time.Second && since != back {
			back = since
			s.route.Release(asked)
			asked = 0
			s.route.EndSearch()
			s.route.HandBack()
		}
		select {
		case <-s.route.Wake():
		case <-ctx.Done():
		case <-time.After(s.wait(began, gap)):
			if s.next == len(s.messages) { // An open request ends now and then.
				s.route.Release(asked)
				asked = 0
			}
		}
	}
}

// wait is how long it takes until there may be something to do.
func (s *modelSource) wait(began time.Time, gap time.Duration) time.Duration {
	if s.next == len(s.messages) {
		return time.Second
	}
	if wait := time.Until(began.Add(s.dueAt(gap))); wait > 0 {
		return min(wait, time.Second)
	}
	return time.Second
}

// last returns how a message ended last; zero: it has not.
func (e *ends) last(handle any) pipeline.Outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	got := e.got[handle]
	if len(got) == 0 {
		return 0
	}
	return got[len(got)-1]
}
