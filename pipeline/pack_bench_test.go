package pipeline_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"momento-bridge/batch"
	"momento-bridge/batch/corpus"
	"momento-bridge/bench/rig"
	"momento-bridge/pipeline"
)

// BenchmarkBatches is the pipeline with orders of 200 B that wait for one topic, in batches of JSON and packed, without
// and with the marker: what batches cost, and how many messages come into one.
//
//	go test -run '^$' -bench BenchmarkBatches -count 6 ./pipeline
func BenchmarkBatches(b *testing.B) {
	json, err := batch.Parse("json")
	if err != nil {
		b.Fatal(err)
	}
	orders := corpus.All()[0].Messages(20_000)
	for _, kind := range []struct {
		name   string
		batch  pipeline.BatchConfig
		stream uint32
	}{
		{"json", pipeline.BatchConfig{Framing: json, MaxBytes: 4096}, 0},
		{"packed", pipeline.BatchConfig{Packing: &batch.Packing{}, MaxBytes: 4096}, 0},
		{"packed+marker", pipeline.BatchConfig{Packing: &batch.Packing{}, MaxBytes: 4096}, 7},
	} {
		b.Run(kind.name, func(b *testing.B) {
			var done count
			p := build(pipeline.Config{
				Workers: 1, MaxMessages: 16384, MaxBytes: 64 << 20,
				Routes: []pipeline.RouteConfig{{Ordered: true, Settler: &done, Batch: kind.batch}},
			}, instant{})
			hard, cancel := context.WithCancel(b.Context())
			defer cancel()
			meter := rig.Start(b)
			var submitting sync.WaitGroup
			submitting.Go(func() {
				for i := range b.N {
					p.Route(0).Submit(pipeline.Message{
						Topic: "orders", Payload: orders[i%len(orders)].Payload, Time: time.Now(), Handle: p,
						Stream: kind.stream, Sequence: uint64(i) + 1,
					})
				}
				p.Route(0).Close()
			})
			p.Run(hard)
			submitting.Wait()
			meter.Stop(int(done.n.Load()))
			b.ReportMetric(float64(b.N)/float64(p.Stats().Routes[0].Attempts[pipeline.Result204]), "msg/publish")
		})
	}
}
