package chaos

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Three replicas share a consumer; each in turn is told to stop and replaced, while messages keep coming.
func TestRollingRestartsLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	var mu sync.Mutex
	stored, slowest := map[string]time.Time{}, time.Duration(0)
	e := startEndpoint(t, func(p publish) int {
		time.Sleep(20 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		slowest = max(slowest, time.Since(stored[p.payload]))
		return 204
	})
	config := settings{nats: n.Address, endpoint: e.url, momento: "  connections: 8"}.write(t)
	var replicas []*daemon
	for range 3 {
		replicas = append(replicas, startDaemon(t, config))
	}
	for _, d := range replicas {
		d.awaitReady()
	}
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	sent := 0
	publishing.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
			for range 60 { // More than is published at once, so that there is something to hand back.
				mu.Lock()
				stored[strconv.Itoa(sent)] = time.Now()
				mu.Unlock()
				n.send(fmt.Sprintf("s.%d", sent%50), strconv.AppendInt(nil, int64(sent), 10))
				sent++
			}
		}
	})
	for round := range pick(1, 2, 10) {
		for i := range replicas {
			replacement := startDaemon(t, config)
			replacement.awaitReady()
			if status := replicas[i].stop(); status != 0 {
				t.Errorf("round %d: exit status %d after SIGTERM", round, status)
			}
			replicas[i] = replacement
			time.Sleep(200 * time.Millisecond)
		}
	}
	close(stop)
	publishing.Wait()
	e.await(sent, 5*patience)
	n.awaitSettled()
	_, duplicates := e.sums()
	t.Logf("%d messages: lost 0, duplicates %d; the slowest started %v after it was stored", sent, duplicates, slowest)
	if duplicates != 0 {
		t.Errorf("%d duplicates, want none", duplicates)
	}
	timely(t, slowest <= time.Second, "a message that was handed back started after %v, want less than a second",
		slowest)
}
