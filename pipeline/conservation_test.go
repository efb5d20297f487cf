package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

var unlimited = pipeline.Rate{Ceiling: math.Inf(1)}

// FuzzEveryMessageEndsExactlyOnce lives whole lives of a pipeline: random routes, verdicts, latencies and a random
// moment to stop, some with a drain that is too short. Whatever happens, every message ends exactly once, the ledger
// holds at every moment looked at, and an ordered route publishes each topic in order.
func FuzzEveryMessageEndsExactlyOnce(f *testing.F) {
	for seed := range long.Or[uint64](60, 200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		synctest.Test(t, func(t *testing.T) { live(t, rand.New(rand.NewPCG(seed, 1))) })
	})
}

// life is one random life.
type life struct {
	mu        sync.Mutex // Guards rng and published.
	rng       *rand.Rand
	published map[string][]int // By topic: the numbers accepted, in order.
	came      map[string][]int // By topic: the numbers submitted, in order.
	bad       float64          // The share of attempts that do not succeed.
	attempts  int              // Those of which the endpoint may know.
}

func (l *life) intn(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rng.IntN(n)
}

func (l *life) attempted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts++
}

func (l *life) Connection(depth int) pipeline.Connection { return newFakeConnection(depth, l.Publish) }

func (l *life) Publish(r *pipeline.Request) pipeline.Answer {
	time.Sleep(min(time.Duration(l.intn(3000))*time.Millisecond/10, time.Until(r.Deadline)))
	if float64(l.intn(1000))/1000 < l.bad {
		a := l.badAnswer()
		if a.Verdict != pipeline.Unsent {
			l.attempted()
		}
		return a
	}
	l.attempted()
	l.mu.Lock()
	defer l.mu.Unlock()
	var numbers []int
	if r.Payload[0] == 0xf5 {
		numbers, poison := l.unpack(r)
		if poison {
			return answer(pipeline.Reject, pipeline.Result400, 400)
		}
		l.published[r.Topic] = append(l.published[r.Topic], numbers...)
		return accept()
	}
	for line := range strings.Lines(string(r.Payload)) {
		var topic string
		var n int
		fmt.Sscanf(line, "%s %d", &topic, &n)
		if topic != r.Topic {
			panic("a payload was published to another message's topic")
		}
		if n%17 == 0 && strings.HasSuffix(line, "\n") { // Poison to a whole batch.
			return answer(pipeline.Reject, pipeline.Result400, 400)
		}
		numbers = append(numbers, n)
	}
	l.published[r.Topic] = append(l.published[r.Topic], numbers...)
	return accept()
}

func (l *life) badAnswer() pipeline.Answer {
	all := [...]pipeline.Answer{
		answer(pipeline.Reject, pipeline.Result400, 400), answer(pipeline.HaltAll, pipeline.Result401, 401),
		answer(pipeline.HaltTopic, pipeline.Result403, 403),
		answer(pipeline.HaltCache, pipeline.Result404, 404), answer(pipeline.SlowDown, pipeline.Result429, 429),
		answer(pipeline.Retry, pipeline.Result5xx, 500),
		answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0), answer(pipeline.Retry, pipeline.ResultNetwork,
			0), answer(pipeline.Retry, pipeline.Result5xx, 503),
		answer(pipeline.Unsent, pipeline.ResultNetwork, 0),
		{Verdict: pipeline.Ambiguous, Result: pipeline.ResultNetwork, Echo: true},
	}
	a := all[l.intn(len(all))]
	if a.Status == 429 || a.Status == 503 {
		a.RetryAfter = time.Duration(l.intn(3)) * time.Second
	}
	return a
}

// lines is the simplest framing there is.
type lines struct{}

func (lines) Overhead() int                      { return 0 }
func (lines) End(dst []byte) []byte              { return dst }
func (lines) Append(dst, p []byte, _ int) []byte { return append(append(dst, p...), '\n') }
func (lines) Size(p []byte) (int, error) {
	if bytes.ContainsRune(p, '\n') {
		return 0, errors.New("a line feed inside")
	}
	return len(p) + 1, nil
}

func (l *life) Keep(*pipeline.Message, pipeline.Rejection) error {
	time.Sleep(time.Duration(l.intn(50)) * time.Millisecond)
	if l.intn(3) == 0 {
		return errors.New("no answer from the stream")
	}
	return nil
}

func live(t *testing.T, rng *rand.Rand) {
	l := &life{
		rng: rng, published: map[string][]int{}, came: map[string][]int{}, bad: float64(rng.IntN(8)) / 10,
	}
	settled := newEnds()
	routes := make([]pipeline.RouteConfig, 1+rng.IntN(3))
	for i := range routes {
		routes[i] = pipeline.RouteConfig{
			Ordered: rng.IntN(2) == 0, Returnable: rng.IntN(2) == 0, AtMostOnce: rng.IntN(4) == 0,
			Cache: fmt.Sprintf("c%d", rng.IntN(2)), Settler: settled, Subscribers: rng.IntN(3),
		}
		if rng.IntN(2) == 0 {
			routes[i].Batch = pipeline.BatchConfig{
				Framing: lines{}, MaxMessages: rng.IntN(5),
				MaxBytes: 20 + rng.IntN(5000), Linger: time.Duration(rng.IntN(2)*rng.IntN(3000)) * time.Millisecond,
			}
		}
		if rng.IntN(3) == 0 {
			anyPacking(rng, &routes[i])
		}
		if rng.IntN(3) == 0 {
			routes[i].MaxAge = time.Duration(1+rng.IntN(5000)) * time.Millisecond
		}
		switch rng.IntN(4) {
		case 0:
			routes[i].Overload = pipeline.DropOldest
		case 1:
			routes[i].Overload, routes[i].Ordered = pipeline.KeepLatest, true
		}
		if rng.IntN(2) == 0 {
			routes[i].DeadLetters = l
		}
		if period := time.Duration(200 + rng.IntN(3000)); rng.IntN(3) == 0 { // Held most of the time.
			routes[i].Held = func(now time.Time) bool { return now.UnixMilli()/int64(period)%5 != 0 }
		}
	}
	limits := []pipeline.Rate{unlimited, {Ceiling: 20}, {Ceiling: math.Inf(1), Learn: true}}[rng.IntN(3)]
	nested := pipeline.Limits{
		Region: limits, Caches: map[string]pipeline.Rate{},
		Routes: map[string]pipeline.RouteLimit{"r0": {Weight: 1 + rng.IntN(5)}},
	}
	if rng.IntN(3) == 0 {
		nested.Caches["c0"] = pipeline.Rate{Ceiling: 10}
		nested.Routes["r1"] = pipeline.RouteLimit{Rate: pipeline.Rate{Ceiling: 5}}
	}
	reg := prometheus.NewRegistry()
	p := buildWith(pipeline.Config{
		Workers: 1 + rng.IntN(8), InFlight: anyInFlight(rng),
		MaxMessages: 1 + rng.IntN(60), Limits: nested, Operations: rng.IntN(2) == 0, Routes: routes,
	}, l, slog.DiscardHandler, reg)

	hard, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { p.Run(hard) })
	stopAt := time.Duration(rng.IntN(20_000)) * time.Millisecond
	sent := make([]int, len(routes))
	var sources sync.WaitGroup
	for i := range routes {
		sources.Go(func() { sent[i] = l.submit(p, i, stopAt, routes[i].Returnable) })
	}
	time.Sleep(stopAt / 2)
	checkLedger(t, p)
	time.Sleep(stopAt - stopAt/2)
	budget := time.Duration(l.intn(30)) * time.Second
	p.EndBy(time.Now().Add(budget))
	timer := time.AfterFunc(budget, cancel)
	defer timer.Stop()
	for i := range routes {
		if routes[i].Returnable {
			p.Route(i).Close()
		}
	}
	sources.Wait()
	for i := range routes {
		p.Route(i).Close()
		p.Route(i).Resume()
	}
	all.Wait()

	checkLedger(t, p)
	checkAttempts(t, p, reg, l.attempts)
	for i := range routes {
		for n := range sent[i] {
			settled.outcome(t, fmt.Sprintf("%d-%d", i, n))
		}
		if s := p.Stats().Routes[i]; s.Queued+s.InFlight != 0 {
			t.Errorf("route %d holds %d messages after Run", i, s.Queued+s.InFlight)
		}
		checkTrouble(t, p, i)
	}
	for topic, numbers := range l.published {
		var i int
		fmt.Sscanf(topic, "r%d", &i)
		if routes[i].Ordered && !slices.IsSorted(numbers) {
			t.Errorf("topic %s is out of order: %v", topic, numbers)
		}
	}
}

// submit is the source of one route: up to 100 messages, until the stop.
func (l *life) submit(p *pipeline.Pipeline, i int, stopAt time.Duration, returnable bool) int {
	r := p.Route(i)
	end := time.Now().Add(stopAt)
	for n := range 100 {
		if time.Now().After(end) {
			return n
		}
		topic := fmt.Sprintf("r%dt%d", i, l.intn(4))
		payload := fmt.Appendf(nil, "%s %d", topic, n)
		if l.intn(50) == 0 {
			payload = append(payload, make([]byte, 5000)...)
		}
		switch l.intn(40) {
		case 0, 1:
			r.HandBack() // Does nothing unless publishing is halted.
		case 2:
			r.Pause()
		case 3, 4:
			r.Resume()
		case 5:
			p.SetLimits(pipeline.Limits{Region: pipeline.Rate{Ceiling: float64(1 + l.intn(100))}})
		case 6:
			if returnable {
				r.Forget()
			}
		case 7:
			if returnable {
				r.Yield()
			}
		case 8, 9, 10:
			r.Begin()
		}
		l.mu.Lock()
		l.came[topic] = append(l.came[topic], n)
		l.mu.Unlock()
		r.Submit(pipeline.Message{
			Topic: topic, Payload: payload, Time: time.Now(), Handle: fmt.Sprintf("%d-%d", i, n),
			Stream: 7, Sequence: uint64(n) + 1, Subject: topic,
		})
		time.Sleep(time.Duration(l.intn(200)) * time.Millisecond)
	}
	return 100
}
