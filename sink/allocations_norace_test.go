//go:build !race

package sink

import (
	"fmt"
	"testing"
	"time"

	"momento-bridge/bench/rig"
	"momento-bridge/pipeline"
)

// The endpoint is in this process and allocates nothing for a request either. Under TLS it is the standard library that
// allocates.
func TestPublishingAllocatesNothing(t *testing.T) {
	for _, size := range []int{256, 1 << 20} { // The larger one is not copied either.
		t.Run(fmt.Sprintf("%dB", size), func(t *testing.T) {
			p := benchSink(t, rig.Listen(t)).Publisher()
			defer p.Close()
			r := benchRequest(size)
			publish := func() {
				begin(r, time.Now())
				if a := p.Publish(r); a.Verdict != pipeline.Accept {
					t.Fatalf("Publish = %+v", a)
				}
			}
			for range 100 {
				publish()
			}
			if n := testing.AllocsPerRun(2000*256/size+100, publish); n != 0 {
				t.Errorf("%g allocations for a publish, want none", n)
			}
		})
	}
}

func TestPublishingSeveralAtATimeAllocatesNothing(t *testing.T) {
	const several = benchDepth / 2
	c := benchSink(t, rig.Listen(t)).Connection(benchDepth)
	defer c.Close()
	var rs []*pipeline.Request
	for range several {
		rs = append(rs, benchRequest(256))
	}
	var answers []pipeline.Answered
	publish := func() {
		now := time.Now()
		for _, r := range rs {
			begin(r, now)
		}
		c.Send(rs, false)
		for left := several; left > 0; left -= len(answers) {
			answers = c.Receive(answers[:0])
			for _, a := range answers {
				if a.Answer.Verdict != pipeline.Accept {
					t.Fatalf("a publish was answered %+v", a.Answer)
				}
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
