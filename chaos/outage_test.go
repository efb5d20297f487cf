package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestEndpointOutageLosesNothing(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.consumer(n.stream("S", "s.>"), 8*time.Second)
	e := startEndpoint(t, nil)
	const rate = 200
	messages := rate * pick(20, 60)
	n.publish(0, messages)
	d := startDaemon(t, settings{nats: n.addr, endpoint: e.url, momento: "  timeout: 500ms", more: fmt.Sprintf("limits: {rate: %d}", rate)}.write(t))
	began := time.Now()
	e.await(rate, 20*time.Second)
	e.stop()
	time.Sleep(time.Second)
	outage := pick(15*time.Second, 3*time.Minute)
	cpu := d.cpu()
	time.Sleep(outage)
	used := (d.cpu() - cpu).Seconds() / outage.Seconds()
	back := time.Now()
	e.start()
	recovered := e.firstAfter(back)
	time.Sleep(10*time.Second - time.Since(back))
	lastSecond := e.since(time.Now().Add(-2*time.Second)) / 2
	e.await(messages, time.Duration(messages/rate)*2*time.Second)
	busiest := e.busiestSecond(began)
	t.Logf("outage %v: %.2f %% of a core, first publish %v after it, %d/s within 10 s, at most %d in a second", outage, 100*used, recovered, lastSecond, busiest)
	if used > pick(0.05, 0.02) {
		t.Errorf("%.1f %% of a core while the endpoint is down", 100*used)
	}
	if lastSecond < rate*9/10 {
		t.Errorf("%d/s 10 s after the outage, want %d/s", lastSecond, rate)
	}
	if busiest > rate+rate/10 {
		t.Errorf("%d in one second, the rate is %d/s", busiest, rate)
	}
	eventually(t, 30*time.Second, "everything is acknowledged", n.settled)
}

func TestRevokedKeyLosesNothing(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	var valid atomic.Value
	valid.Store("old-key")
	e := startEndpoint(t, func(p publish) int {
		time.Sleep(time.Millisecond)
		if p.key != valid.Load() {
			return 401
		}
		return 204
	})
	file := filepath.Join(t.TempDir(), "key")
	write := func(key string) {
		if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old-key")
	const connections = 16
	d := startDaemon(t, settings{
		nats: n.addr, endpoint: e.url, key: "  api_key_file: " + file, momento: fmt.Sprintf("  connections: %d", connections), more: "limits: {rate: 500}",
	}.write(t))
	const messages = 3000
	var publishing sync.WaitGroup
	publishing.Go(func() { n.publish(0, messages) })
	e.await(500, 20*time.Second)
	valid.Store("new-key")
	time.Sleep(time.Second)
	write("new-key")
	resumed := e.firstAfter(time.Now())
	e.await(messages, time.Minute)
	publishing.Wait()
	_, duplicates := e.sums()
	t.Logf("%d answers 401 on %d connections, publishing again after %v", e.status(401), connections, resumed)
	if e.status(401) > connections || duplicates != 0 || resumed > 2*time.Second {
		t.Errorf("%d answers 401, %d duplicates, resumed after %v", e.status(401), duplicates, resumed)
	}
	if status := d.stop(); status != 0 {
		t.Errorf("exit status %d after SIGTERM", status)
	}
}
