//go:build !race

package sink

import (
	"testing"
	"time"

	"momento-bridge/bench/rig"
	"momento-bridge/pipeline"
)

// The endpoint is in this process and allocates nothing for a request either. Under TLS it is the standard library that allocates.
func TestPublishingAllocatesNothing(t *testing.T) {
	p := benchSink(t, rig.Listen(t)).Publisher()
	defer p.Close()
	r := benchRequest(256)
	publish := func() {
		begin(r, time.Now())
		if a := p.Publish(r); a.Verdict != pipeline.Accept {
			t.Fatalf("Publish = %+v", a)
		}
	}
	for range 100 {
		publish()
	}
	if n := testing.AllocsPerRun(2000, publish); n != 0 {
		t.Errorf("%g allocations for a publish, want none", n)
	}
}

func TestPublishingOnALineAllocatesNothing(t *testing.T) {
	const several = benchDepth / 2
	answers := make(chan pipeline.Verdict, several)
	l := benchSink(t, rig.Listen(t)).Line(benchDepth, func(all []pipeline.Answered) {
		for _, a := range all {
			answers <- a.Answer.Verdict
		}
	})
	defer l.Close()
	var rs []*pipeline.Request
	for range several {
		rs = append(rs, benchRequest(256))
	}
	publish := func() {
		now := time.Now()
		for _, r := range rs {
			begin(r, now)
		}
		l.Send(rs)
		for range rs {
			if v := <-answers; v != pipeline.Accept {
				t.Fatalf("a publish was answered %v", v)
			}
		}
	}
	for range 100 {
		publish()
	}
	if n := testing.AllocsPerRun(2000, publish); n != 0 {
		t.Errorf("%g allocations for %d publishes, want none", n, several)
	}
}
