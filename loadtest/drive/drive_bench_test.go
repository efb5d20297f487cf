package drive

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// nothing accepts every request.
func nothing(b *testing.B) string {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &fasthttp.Server{
		Handler:               func(c *fasthttp.RequestCtx) { c.SetStatusCode(fasthttp.StatusNoContent) },
		NoDefaultServerHeader: true,
	}
	go func() { _ = server.Serve(ln) }()
	b.Cleanup(func() { _ = server.Shutdown() })
	return ln.Addr().String()
}

const benchConnections = 64

// The engine against the bare loop, in turns in one process: go test -run '^$' -bench Flat -count 5 ./loadtest/drive.
func BenchmarkFlat(b *testing.B) {
	address := nothing(b)
	b.Run("engine", func(b *testing.B) {
		e := engine(b.Context(), b, "http://"+address, benchConnections)
		for b.Loop() {
			rate, err := e.Flat(1)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(rate, "req/s")
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(bare(b, address), "req/s")
		}
	})
}

// bare is how many requests per second plain loops with fasthttp make.
func bare(b *testing.B, address string) float64 {
	client := &fasthttp.HostClient{Addr: address, MaxConns: benchConnections, NoDefaultUserAgentHeader: true}
	var loops sync.WaitGroup
	counts := make([]int, benchConnections)
	stop := make(chan struct{})
	for i := range counts {
		loops.Go(func() {
			var req fasthttp.Request
			var resp fasthttp.Response
			req.SetRequestURI("http://" + address + "/topics/c/t")
			req.Header.SetMethod(fasthttp.MethodPost)
			req.Header.SetContentType("application/octet-stream")
			req.Header.Set(fasthttp.HeaderAuthorization, "a-key")
			req.SetBodyRaw([]byte("payload"))
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := client.Do(&req, &resp); err != nil {
					b.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	began := time.Now()
	time.Sleep(time.Second)
	close(stop)
	loops.Wait()
	took := time.Since(began).Seconds()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum) / took
}
