package pipeline

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// count is a settler that counts publishes.
type count struct{ n atomic.Int64 }

func (c *count) Settle(_ any, o Outcome) {
	if o == Published {
		c.n.Add(1)
	}
}

// BenchmarkPipeline is the pipeline alone, with a sink that answers at once: what the machine in the middle costs.
//
//	go test -run '^$' -bench BenchmarkPipeline -count 6 ./pipeline
func BenchmarkPipeline(b *testing.B) {
	for _, ordered := range []bool{false, true} {
		for _, topics := range []int{1, 100} {
			b.Run(fmt.Sprintf("ordered=%v/topics=%d", ordered, topics), func(b *testing.B) {
				names := make([]string, topics)
				for i := range names {
					names[i] = fmt.Sprint("topic-", i)
				}
				var done count
				p := build(Config{Workers: 64, MaxMessages: 16384, MaxBytes: 64 << 20, Routes: []RouteConfig{{Ordered: ordered, Settler: &done}}},
					fakeSink(func(*Request) Answer { return accept() }))
				hard, cancel := context.WithCancel(b.Context())
				defer cancel()
				payload := make([]byte, 256)
				b.ReportAllocs()
				b.ResetTimer()
				go func() {
					for i := range b.N {
						p.Route(0).Submit(Message{Topic: names[i%topics], Payload: payload, Time: time.Now(), Handle: p})
					}
					p.Route(0).Close()
				}()
				p.Run(hard)
				b.StopTimer()
				if done.n.Load() != int64(b.N) {
					b.Fatalf("%d of %d delivered", done.n.Load(), b.N)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
			})
		}
	}
}
