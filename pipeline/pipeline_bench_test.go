package pipeline_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/bench/rig"
	"momento-bridge/pipeline"
)

// count is a settler that counts publishes.
type count struct{ n atomic.Int64 }

func (c *count) Settle(_ any, o pipeline.Outcome) {
	if o == pipeline.Published {
		c.n.Add(1)
	}
}

// instant is a sink that accepts at once. It allocates nothing.
type instant struct{}

func (instant) Connection(depth int) pipeline.Connection {
	return &instantConnection{depth: depth, interrupted: make(chan struct{}, 1)}
}

type instantConnection struct {
	depth       int
	interrupted chan struct{}
	sent        []*pipeline.Request
}

func (c *instantConnection) Depth() int                          { return c.depth }
func (*instantConnection) TrySend(*pipeline.Request) bool        { return false }
func (c *instantConnection) Close()                              {}
func (c *instantConnection) Send(rs []*pipeline.Request, _ bool) { c.sent = append(c.sent, rs...) }

func (c *instantConnection) Receive(dst []pipeline.Answered) []pipeline.Answered {
	if len(c.sent) == 0 {
		<-c.interrupted
	}
	for _, r := range c.sent {
		dst = append(dst, pipeline.Answered{Request: r, Answer: accept()})
	}
	c.sent = c.sent[:0]
	return dst
}

func (c *instantConnection) Interrupt() {
	select {
	case c.interrupted <- struct{}{}:
	default:
	}
}

// ways are how publishes are spread: one in flight on each of many connections, or several on each of a few.
var ways = []struct {
	name              string
	workers, inFlight int
}{
	{"one in flight", 64, 1},
	{"several in flight", 4, 16},
}

func topicNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("topic-", i)
	}
	return names
}

// BenchmarkPipeline is the pipeline alone, lanes and dispatcher, with a sink that answers at once: what the machine in
// the middle costs. What a token of a rate costs besides is BenchmarkToken; what batches cost is BenchmarkFraming of
// package batch.
//
//	go test -run '^$' -bench BenchmarkPipeline -count 6 ./pipeline
func BenchmarkPipeline(b *testing.B) {
	for _, way := range ways {
		for _, ordered := range []bool{false, true} {
			for _, topics := range []int{1, 1000, 100_000} {
				b.Run(fmt.Sprintf("%s/ordered=%v/topics=%d", way.name, ordered, topics), func(b *testing.B) {
					names := topicNames(topics)
					var done count
					p := build(pipeline.Config{
						Workers: way.workers, InFlight: way.inFlight, MaxMessages: 16384, MaxBytes: 64 << 20,
						Routes: []pipeline.RouteConfig{{Ordered: ordered, Settler: &done}},
					}, instant{})
					hard, cancel := context.WithCancel(b.Context())
					defer cancel()
					payload := make([]byte, 256)
					meter := rig.Start(b)
					var submitting sync.WaitGroup
					submitting.Go(func() {
						for i := range b.N {
							p.Route(0).Submit(pipeline.Message{
								Topic: names[i%topics], Payload: payload,
								Time: time.Now(), Handle: p,
							})
						}
						p.Route(0).Close()
					})
					p.Run(hard)
					submitting.Wait()
					meter.Stop(int(done.n.Load()))
				})
			}
		}
	}
}

// BenchmarkStats is one snapshot, which is taken under the pipeline's mutex for each scrape. What a whole scrape costs
// is BenchmarkScrape of bench/hotpath.
//
//	go test -run '^$' -bench BenchmarkStats -count 6 ./pipeline
func BenchmarkStats(b *testing.B) {
	for _, routes := range []int{1, 100} {
		b.Run(fmt.Sprintf("routes=%d", routes), func(b *testing.B) {
			p := build(pipeline.Config{Routes: make([]pipeline.RouteConfig, routes)}, instant{})
			b.ReportAllocs()
			for b.Loop() {
				if got := len(p.Stats().Routes); got != routes {
					b.Fatalf("%d of %d routes", got, routes)
				}
			}
		})
	}
}
