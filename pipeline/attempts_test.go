package pipeline_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
)

// checkAttempts checks that each attempt is counted once and timed once, once nothing is in flight.
func checkAttempts(t *testing.T, p *pipeline.Pipeline, reg prometheus.Gatherer, want int) {
	t.Helper()
	counted, timed := uint64(0), uint64(0)
	for _, r := range p.Stats().Routes {
		for _, n := range r.Attempts.All() {
			counted += n
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "momento_bridge_publish_duration_seconds" {
			continue
		}
		for _, m := range family.GetMetric() {
			timed += m.GetHistogram().GetSampleCount()
		}
	}
	if counted != uint64(want) || timed != counted {
		t.Errorf("%d attempts are counted and %d timed, there were %d", counted, timed, want)
	}
}

// What the endpoint cannot have processed, as it had closed the connection before, is sent again without a word.
func TestSilentRepetitionIsOneAttempt(t *testing.T) {
	t.Parallel()
	unsent := answer(pipeline.Unsent, pipeline.ResultNetwork, 0)
	type answers []pipeline.Answer
	tests := map[string]struct {
		before            answers // Then it accepts.
		attempts, retries int
		letter            int // How many attempts its dead letter tells of.
	}{
		"accepted at once":       {attempts: 1},
		"unsent once":            {before: answers{unsent}, attempts: 1},
		"unsent three times":     {before: answers{unsent, unsent, unsent}, attempts: 1},
		"between two attempts":   {answers{answer(pipeline.Retry, pipeline.Result5xx, 500), unsent}, 2, 1, 0},
		"before it is rejected":  {answers{unsent, answer(pipeline.Reject, pipeline.Result400, 400)}, 1, 0, 1},
		"before it is refused":   {answers{unsent, answer(pipeline.SlowDown, pipeline.Result429, 429)}, 2, 1, 0},
		"before it is not clear": {answers{unsent, answer(pipeline.Ambiguous, pipeline.ResultNetwork, 0)}, 2, 1, 0},
		"without a connection":   {answers{answer(pipeline.Retry, pipeline.ResultNetwork, 0)}, 2, 1, 0},
	}
	for name, test := range tests {
		for _, topic := range []string{"even", "odd"} { // Half of it is sent by whoever submits.
			t.Run(name+"/"+topic, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					tracer, left, letter := &fakeTracer{}, test.before, 0
					letters := keepFunc(func(r pipeline.Rejection) error {
						letter = r.Attempts
						return nil
					})
					endpoint := fakeSink(func(*pipeline.Request) pipeline.Answer {
						if len(left) == 0 {
							return accept()
						}
						defer func() { left = left[1:] }()
						return left[0]
					})
					registry := prometheus.NewRegistry()
					p := buildWith(pipeline.Config{Tracer: tracer, Routes: []pipeline.RouteConfig{{
						Ordered: true, DeadLetters: letters,
					}}}, endpoint, slog.DiscardHandler, registry)
					m := message(topic, nil)
					m.Trace = fakeTrace{tracer, "a"}
					done := make(chan struct{})
					go func() { defer close(done); p.Run(t.Context()) }()
					p.Route(0).Submit(m)
					wait(time.Minute)
					closeAll(p)
					<-done
					checkAttempts(t, p, registry, test.attempts)
					retries := uint64(0)
					for _, n := range p.Stats().Routes[0].Retries.All() {
						retries += n
					}
					if retries != uint64(test.retries) {
						t.Errorf("%d retries are counted, want %d", retries, test.retries)
					}
					if spans := tracer.attempts(); spans != test.attempts {
						t.Errorf("the tracer is told of %d attempts, want %d", spans, test.attempts)
					}
					if letter != test.letter {
						t.Errorf("the dead letter tells of %d attempts, want %d", letter, test.letter)
					}
				})
			})
		}
	}
}

// A process that was stopped for a while keeps back what it was about to send.
func TestWhatIsKeptBackIsNoAttempt(t *testing.T) {
	t.Parallel()
	for _, topic := range []string{"even", "odd"} {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s, registry := &tenure{}, &script{began: time.Now()}, prometheus.NewRegistry()
				p := buildWith(pipeline.Config{Routes: []pipeline.RouteConfig{{
					Ordered: true, Returnable: true, Held: h.held,
					Batch: pipeline.BatchConfig{Framing: late{h: h}, MaxBytes: 100},
				}}}, s, slog.DiscardHandler, registry)
				done := make(chan struct{})
				go func() { defer close(done); p.Run(t.Context()) }()
				p.Route(0).Submit(message(topic, nil))
				wait(time.Minute)
				checkAttempts(t, p, registry, 0)
				closeAll(p)
				<-done
			})
		})
	}
}

// attempts returns of how many attempts the tracer was told.
func (f *fakeTracer) attempts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, text := range f.told {
		if strings.Contains(text, " bytes: ") {
			n++
		}
	}
	return n
}
