package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// listener serves a configuration until the test ends or stop is called, which waits until Serve has returned.
func listener(t *testing.T, cfg Config) (url string, stop func()) {
	t.Helper()
	cfg.Metrics = prometheus.NewRegistry()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = serve(ctx, ln, New(cfg), "", slog.New(slog.DiscardHandler), time.Minute) // However busy the machine is.
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return "http://" + ln.Addr().String(), stop
}

// watch opens the events and returns a function that reads the next one, nothing at the end, or why there was none.
func watch(t *testing.T, url string) func() (name, data string) {
	t.Helper()
	resp, err := http.Get(url + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return func() (name, data string) {
		for lines.Scan() {
			switch line := lines.Text(); {
			case line == "":
				return name, data
			case strings.HasPrefix(line, "event: "):
				name = line[len("event: "):]
			case strings.HasPrefix(line, "data: "):
				data = line[len("data: "):]
			}
		}
		if err := lines.Err(); err != nil {
			return "cut off", err.Error()
		}
		return "", ""
	}
}

func TestWatcherGetsTheHistoryAndThenEachSample(t *testing.T) {
	var asked atomic.Int64
	h := &History{}
	for i := range int64(700) {
		h.Add(Sample{At: i})
	}
	status := func() Status { return Status{Routes: make([]Route, asked.Add(1))} }
	url, stop := listener(t, Config{History: h, Status: status})
	next := watch(t, url)

	name, data := next()
	var samples []Sample
	if err := json.Unmarshal([]byte(data), &samples); err != nil || name != "history" {
		t.Fatalf("first %s: %v", name, err)
	}
	if len(samples) != remembered || samples[0].At != 100 || samples[remembered-1].At != 699 {
		t.Errorf("%d samples, want the latest %d", len(samples), remembered)
	}
	for i, want := range []int64{699, 700, 701} {
		if want >= 700 {
			h.Add(Sample{At: want})
		}
		name, data := next()
		var e event
		if err := json.Unmarshal([]byte(data), &e); err != nil || name != "status" || e.Sample.At != want ||
			len(e.Status.Routes) != i+1 {
			t.Errorf("then %s %s: %v, want sample %d", name, data, err, want)
		}
	}
	stop()
	if name, why := next(); name != "" {
		t.Errorf("after the stop: %q %s, want that the events end by themselves", name, why)
	}
}

func TestNoMoreThanSoManyWatch(t *testing.T) {
	url, _ := listener(t, Config{History: &History{}, Status: func() Status { return Status{} }})
	for range maxWatchers {
		watch(t, url)()
	}
	resp, err := http.Get(url + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("one more gets %s", resp.Status)
	}
}

// firstPage returns what the first event says of the page.
func firstPage(t *testing.T, url string) view {
	t.Helper()
	next := watch(t, url)
	next() // The history.
	var e event
	if name, data := next(); name != "status" || json.Unmarshal([]byte(data), &e) != nil {
		t.Fatalf("%s %s", name, data)
	}
	return e.Page
}

func TestAReaderThatTakesNothingLosesItsPlace(t *testing.T) {
	t.Parallel()
	h := &History{}
	all := &watchers{make(chan struct{}, 1), 50 * time.Millisecond}
	cfg := Config{History: h, Status: func() Status { return Status{Summary: strings.Repeat("x", 64<<10)} }}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: cfg.serveEvents(all), ConnContext: withConn}
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { server.Close() })
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for taken := false; ; {
		h.Add(Sample{})
		held := len(all.places) == 1
		if taken && !held {
			return
		}
		taken = taken || held
		if time.Now().After(deadline) {
			t.Fatal("it still has its place")
		}
		time.Sleep(time.Millisecond)
	}
}
