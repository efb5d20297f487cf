package drive

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"momento-bridge/loadtest/search"
	"momento-bridge/sink"
	"momento-bridge/sink/emulator"
)

// endpoint is an emulator on loopback.
func endpoint(t testing.TB, cfg emulator.Config) (string, *emulator.Server) {
	t.Helper()
	server, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ctx, ln) }()
	t.Cleanup(func() { cancel(); <-done })
	return "http://" + ln.Addr().String(), server
}

func engine(t testing.TB, ctx context.Context, url string, connections int) *Engine {
	t.Helper()
	to, err := sink.ParseEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sink.ParseKey("a-key")
	if err != nil {
		t.Fatal(err)
	}
	m, err := sink.New(sink.Config{Endpoint: to, Keys: sink.FixedKey(key), Timeout: 5 * time.Second}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte("payload")
	e := New(ctx, Config{
		Sink: m, Connections: connections, Timeout: 5 * time.Second, Opened: m.Opened,
		Payload: func(int) []byte { return payload }, Cache: func(int) string { return "c" }, Topic: func(int) string { return "t" },
	})
	t.Cleanup(e.Close)
	return e
}

var unbounded = search.Cap{Requests: 1e9, Seconds: 1e9}

func TestExplore(t *testing.T) {
	for _, s := range []emulator.Settings{
		{Rate: 500, Burst: 500},
		{Rate: 500, Limiter: emulator.LimiterFixedWindow},
		{Rate: 500, Limiter: emulator.LimiterSliding},
		{Rate: 500, Limiter: emulator.LimiterSlidingPenalty},
		{Rate: 500, Burst: 2, Limiter: emulator.LimiterGCRA},
		{Rate: 500, Burst: 500, Limiter: emulator.LimiterSharded},
		{Rate: 500, Burst: 500, Background: .2},
	} {
		url, server := endpoint(t, emulator.Config{Settings: s})
		e := engine(t, t.Context(), url, 64)
		cfg := search.Default()
		r := search.Find(cfg, e)
		t.Logf("%s b%g: proved %v clean %.1f failing %.1f plateau %.1f burst %g kind %s w %.3f dear %v: %d requests %.0f s; %s", s.Limiter, s.Burst, r.Proved, r.Clean, r.Failing, r.Plateau, r.Burst, r.Kind, r.Window, r.Dear, r.Requests, r.Seconds, r.Reason)
		unfit := 0
		for _, tr := range r.Trials {
			if tr.Unfit != "" {
				unfit++
				t.Log("   unfit ", tr.Name, tr.Rate, tr.Unfit)
			}
		}
		st := server.Stats()
		t.Log("   server accepted ", st.Accepted, st.Rejected, st.Connections)
	}
}
