package sink

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/bench/rig"
	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// benchSink is a sink for an endpoint of the rig.
func benchSink(tb testing.TB, e *rig.Endpoint) *Momento {
	tb.Helper()
	endpoint, err := ParseEndpoint(e.URL)
	if err != nil {
		tb.Fatal(err)
	}
	k, err := key.Parse("a-key-for-nobody")
	if err != nil {
		tb.Fatal(err)
	}
	m, err := New(Config{Endpoint: endpoint, Keys: key.Fixed(k), Timeout: 5 * time.Second, CAFile: e.CAFile},
		slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func benchRequest(size int) *pipeline.Request {
	return &pipeline.Request{Cache: "bench", Topic: "orders.eu.device.17", Payload: make([]byte, size)}
}

// begin makes r an attempt that starts now.
func begin(r *pipeline.Request, now time.Time) { r.Start, r.Deadline = now, now.Add(5*time.Second) }

// BenchmarkRequest is what it costs to make a request, the copy of a payload that is not large included.
//
//	go test -run '^$' -bench BenchmarkRequest -count 6 ./sink
func BenchmarkRequest(b *testing.B) {
	m := benchSink(b, &rig.Endpoint{URL: "http://127.0.0.1:1"})
	k := m.cfg.Keys.Key()
	for _, size := range []int{256, 1024, 4096, 64 << 10} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			w, n, r := wire{cfg: &m.cfg}, 0, benchRequest(size)
			var out outgoing
			meter := rig.Start(b)
			for b.Loop() {
				out.reset()
				w.add(&out, r, k)
				_ = out.parts()
				n++
			}
			meter.Stop(n)
		})
	}
}

// client publishes on one connection until take returns false, and returns how many publishes were accepted.
type client func(b *testing.B, take func() bool) int

// BenchmarkPublish is the sink alone, on one connection and on 16, with 256 bytes: a publisher, a connection with 16 in
// flight, and the client of net/http. The sink makes its connections itself, so there is no case in memory: the
// kernel's part is in all figures.
//
//	go test -run '^$' -bench BenchmarkPublish -count 6 ./sink
func BenchmarkPublish(b *testing.B) {
	for _, way := range []struct {
		name   string
		listen func(testing.TB) *rig.Endpoint
	}{{"plain", rig.Listen}, {"tls", rig.ListenTLS}} {
		for _, connections := range []int{1, 16} {
			for _, c := range []struct {
				name string
				make func(tb testing.TB, e *rig.Endpoint, m *Momento, size int) client
			}{{"publisher", publisherClient}, {"connection", connectionClient}, {"net-http", netHTTPClient}} {
				b.Run(fmt.Sprintf("%s/connections=%d/%s", way.name, connections, c.name), func(b *testing.B) {
					e := way.listen(b)
					publishOn(b, e, connections, c.make(b, e, benchSink(b, e), 256))
				})
			}
		}
	}
}

// BenchmarkPayload is one connection with 16 in flight, by size: from some size on a payload is not copied.
//
//	go test -run '^$' -bench BenchmarkPayload -count 6 ./sink
func BenchmarkPayload(b *testing.B) {
	for _, size := range []int{1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			e := rig.Listen(b)
			publishOn(b, e, 1, connectionClient(b, e, benchSink(b, e), size))
		})
	}
}

// publishOn measures b.N publishes on so many connections.
func publishOn(b *testing.B, e *rig.Endpoint, connections int, publish client) {
	b.Helper()
	var taken, accepted atomic.Int64
	take := func() bool { return taken.Add(1) <= int64(b.N) && b.Context().Err() == nil }
	var all sync.WaitGroup
	meter := rig.Start(b)
	for range connections {
		all.Go(func() { accepted.Add(int64(publish(b, take))) })
	}
	all.Wait()
	meter.Stop(int(accepted.Load()), e.Requests())
}

func publisherClient(_ testing.TB, _ *rig.Endpoint, m *Momento, size int) client {
	return func(_ *testing.B, take func() bool) (accepted int) {
		p := m.Publisher()
		defer p.Close()
		r := benchRequest(size)
		for take() {
			begin(r, time.Now())
			if p.Publish(r).Verdict == pipeline.Accept {
				accepted++
			}
		}
		return accepted
	}
}

// benchDepth is how many are in flight on a connection.
const benchDepth = 16

// connectionClient sends as the pipeline does: when half of what is in flight is answered.
func connectionClient(_ testing.TB, _ *rig.Endpoint, m *Momento, size int) client {
	return func(_ *testing.B, take func() bool) (accepted int) {
		var free, send []*pipeline.Request
		for range benchDepth {
			free = append(free, benchRequest(size))
		}
		c := m.Connection(benchDepth)
		defer c.Close()
		var answers []pipeline.Answered
		for more := true; more || len(free) < benchDepth; {
			send = send[:0]
			now := time.Now()
			for more && len(free) >= benchDepth/2 && len(send) < benchDepth/2 {
				if more = take(); more {
					r := free[len(free)-1]
					free = free[:len(free)-1]
					begin(r, now)
					send = append(send, r)
				}
			}
			if len(send) > 0 {
				c.Send(send, false)
			}
			if len(free) == benchDepth {
				continue
			}
			answers = c.Receive(answers[:0])
			for _, a := range answers {
				if a.Answer.Verdict == pipeline.Accept {
					accepted++
				}
				free = append(free, a.Request)
			}
		}
		return accepted
	}
}

// netHTTPClient is what one would use without a sink of ours.
func netHTTPClient(tb testing.TB, e *rig.Endpoint, m *Momento, size int) client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	if m.dialer.tls != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: m.dialer.tls.RootCAs, MinVersion: tls.VersionTLS12}
	}
	tb.Cleanup(transport.CloseIdleConnections)
	c := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	return func(b *testing.B, take func() bool) (accepted int) {
		payload := make([]byte, size)
		for take() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost,
				e.URL+"/topics/bench/orders.eu.device.17", bytes.NewReader(payload))
			if err != nil {
				b.Error(err)
				return accepted
			}
			r.Header.Set("Content-Type", "application/octet-stream")
			r.Header.Set("Authorization", "a-key-for-nobody")
			resp, err := c.Do(r)
			if err != nil {
				b.Error(err)
				return accepted
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusNoContent {
				accepted++
			}
		}
		return accepted
	}
}
