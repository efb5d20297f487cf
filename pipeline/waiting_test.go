package pipeline_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"

	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

// heap returns how much memory is in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // What pools keep goes with the second one.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What a small message costs while it waits, besides its payload and its topic; and that memory comes back. The tests
// run one by one, as they look at the memory of the process.
//
//	LONG_TESTS=1 go test -v -run WhileItWaits ./pipeline
func TestMessageTakesLittleMemoryWhileItWaits(t *testing.T) {
	n := long.Or(30_000, 1_000_000)
	for _, topics := range []int{1, n} {
		t.Run(fmt.Sprintf("%d topics", topics), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { fillAndEmpty(t, n, topics) })
		})
	}
}

func fillAndEmpty(t *testing.T, n, topics int) {
	payload, names := make([]byte, 64), topicNames(topics)
	p, stop := start(t, pipeline.Config{
		Workers: 1, MaxBytes: int64(n) * pipeline.LeastCharge,
		Routes: []pipeline.RouteConfig{{Ordered: true, Drops: true}},
	}, fakeSink(func(*pipeline.Request) pipeline.Answer { return accept() }))
	r := p.Route(0)
	for range 2 {
		r.Pause()
		before := heap()
		for i := range n {
			r.Offer(pipeline.Message{Topic: names[i%topics], Payload: payload})
		}
		waiting := p.Stats().Routes[0].Queued
		each := int64(heap()-before) / int64(waiting)
		r.Resume()
		synctest.Wait()
		left := int64(heap()) - int64(before)
		t.Logf("%d wait and take %d bytes each; %d KiB more are in use when they are gone", waiting, each, left>>10)
		if each >= 300 {
			t.Errorf("a message that waits takes %d bytes", each)
		}
		if left > 8<<20 {
			t.Errorf("%d bytes more than before are in use once all are gone", left)
		}
	}
	runtime.KeepAlive(names)
	stop()
}
