package pipeline_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"momento-bridge/pipeline"
)

// fakeTracer notes what it is told.
type fakeTracer struct {
	mu   sync.Mutex
	told []string
}

func (f *fakeTracer) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, fmt.Sprintf(format, args...))
}

func (*fakeTracer) Taken(pipeline.Taken) pipeline.Trace { return nil }

func (f *fakeTracer) Attempted(a *pipeline.Attempt) {
	var traces []string
	for _, m := range a.Traced {
		traces = append(traces, fmt.Sprintf("%s#%d", m.Trace.ID(), m.Attempt))
	}
	f.note("%s/%s %s of %d, %d bytes: %d after %v", a.Cache, a.Topic, strings.Join(traces, " "), a.Messages, a.Bytes,
		a.Answer.Status, a.Answered.Sub(a.Sent))
}

// fakeTrace is a trace of a fakeTracer.
type fakeTrace struct {
	f    *fakeTracer
	name string
}

func (t fakeTrace) ID() string { return t.name }

func (t fakeTrace) Ended(o pipeline.Outcome) { t.f.note("%s ended %v", t.name, o) }

func TestTracerIsToldOfEachAttemptAndOfWhatEndsUnpublished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, attempts, registry := &fakeTracer{}, 0, prometheus.NewRegistry()
		sink := fakeSink(func(r *pipeline.Request) pipeline.Answer {
			time.Sleep(time.Second)
			switch attempts++; {
			case string(r.Payload) == "bad\n":
				return answer(pipeline.Reject, pipeline.Result400, 400)
			case attempts == 1:
				return answer(pipeline.Retry, pipeline.Result5xx, 503)
			}
			return accept()
		})
		p := buildWith(pipeline.Config{Workers: 1, Tracer: f, Routes: []pipeline.RouteConfig{{
			Ordered: true, Batch: joined(),
		}}}, sink, slog.DiscardHandler, registry)
		done := make(chan struct{})
		go func() { defer close(done); p.Run(t.Context()) }()
		submit := func(payload, trace, unfit string) {
			m := message("t", nil)
			m.Payload, m.Unfit = []byte(payload), unfit
			if trace != "" {
				m.Trace = fakeTrace{f, trace}
			}
			p.Route(0).Submit(m)
		}
		submit("1", "a", "")
		synctest.Wait() // It is in flight.
		submit("2", "", "")
		submit("3", "b", "")
		time.Sleep(time.Minute)
		submit("4", "", "")
		submit("bad", "c", "")
		time.Sleep(time.Minute)
		submit("5", "d", "it lacks a header")
		time.Sleep(time.Minute)
		closeAll(p)
		<-done
		want := []string{
			"cache/t a#1 of 1, 2 bytes: 503 after 1s",
			"cache/t a#2 b#1 of 3, 6 bytes: 204 after 1s",
			"cache/t c#1 of 1, 4 bytes: 400 after 1s",
			"c ended rejected",
			"d ended rejected",
		}
		if !slices.Equal(f.told, want) {
			t.Errorf("the tracer was told\n%s\nwant\n%s", strings.Join(f.told, "\n"), strings.Join(want, "\n"))
		}
		for name, want := range map[string]string{
			"momento_bridge_publish_duration_seconds": "c", "momento_bridge_end_to_end_seconds": "b",
		} {
			if got := exemplars(t, registry, name); got != want {
				t.Errorf("%s has the exemplars %q, want %q", name, got, want)
			}
		}
	})
}

// What is never queued ends, too.
func TestTraceOfWhatIsNotQueuedEnds(t *testing.T) {
	t.Parallel()
	f := &fakeTracer{}
	p := build(pipeline.Config{MaxBytes: 1000, Tracer: f, Routes: []pipeline.RouteConfig{
		{Drops: true}, {Empty: pipeline.EmptySkipped, Returnable: true},
	}}, instant{})
	offer := func(route, bytes int, trace string) {
		m := message("t", nil)
		m.Payload, m.Trace = make([]byte, bytes), fakeTrace{f, trace}
		p.Route(route).Offer(m)
	}
	offer(0, 2000, "it waits") // One that is alone always has room.
	offer(0, 2000, "a")
	offer(1, 0, "b")
	p.Route(1).Close()
	offer(1, 1, "c")
	if want := []string{"a ended dropped", "b ended skipped", "c ended returned"}; !slices.Equal(f.told, want) {
		t.Errorf("told %q, want %q", f.told, want)
	}
}

// exemplars returns the traces that a histogram has as exemplars of its buckets.
func exemplars(t *testing.T, registry *prometheus.Registry, name string) string {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == name })
	var found []string
	for _, bucket := range families[i].GetMetric()[0].GetHistogram().GetBucket() {
		if e := bucket.GetExemplar(); e != nil {
			found = append(found, e.GetLabel()[0].GetValue())
		}
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}
