package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// operations measures a quota of operations, with subscribers that the daemon is not told of: none of the first topic,
// one of the next, and so on.
func operations(ctx context.Context, b *bench) error {
	return b.eachQuota("operations", []float64{200, 2000},
		func(quota float64) error { return measureOperations(ctx, b, quota) })
}

func measureOperations(ctx context.Context, b *bench, quota float64) error {
	e, err := b.StartEmulator(ctx, "--rate", fmt.Sprint(quota), "--unit", "operations", "--latency", "2ms")
	if err != nil {
		return err
	}
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	rng := rand.New(rand.NewPCG(1, 1))
	first, then := b.length(learning, 18*time.Second), b.length(known, 12*time.Second)
	// A message costs 14 operations or so, a quarter of the quota is more messages than can go.
	if err := r.fill(ctx, int(quota*(first+then).Seconds()/4),
		func(int) []byte { return make([]byte, 100+rng.IntN(3997)) }); err != nil {
		return err
	}
	subscribing, stop := context.WithCancel(ctx)
	defer stop()
	// One connection for each subscriber, so that it is hardly ever away.
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	for topic := range 10 {
		for range topic {
			go subscribe(subscribing, client, fmt.Sprintf("http://%s/topics/bench/%s.t%d", e.Address, r.name, topic))
		}
	}
	d, err := b.bridge(ctx, r, bridgeConfig{endpoint: e.Address, limits: "rate: auto, unit: operations"})
	if err != nil {
		return err
	}
	defer d.Kill()
	time.Sleep(first)
	_, during, err := count(e, then)
	if err != nil {
		return err
	}
	used := float64(during.Operations) / quota / during.seconds
	b.printTimed(used >= 0.9, used >= b.loose(0.8, 0.6),
		"operations, %4g/s: %6.2f %% used, %.2f %% refused, %d publishes",
		quota, 100*used, 100*share(during.refused(), during.Accepted), during.Accepted)
	return nil
}

// subscribe polls a topic until ctx is done.
func subscribe(ctx context.Context, client *http.Client, url string) {
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "any")
		resp, err := client.Do(req)
		if err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}
