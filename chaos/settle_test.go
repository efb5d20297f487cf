package chaos

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// firsts is what an endpoint saw of messages whose payload begins with a number, which grows in each topic.
type firsts struct {
	mu         sync.Mutex // Guards the following.
	latest     map[string]int
	seen       map[int]bool
	inversions []string
}

func (f *firsts) accept(p publish) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	number, _, _ := strings.Cut(p.payload, " ")
	n, _ := strconv.Atoi(number)
	if f.seen[n] {
		return 204
	}
	f.seen[n] = true
	if latest, known := f.latest[p.topic]; known && n < latest {
		f.inversions = append(f.inversions, fmt.Sprintf("%d after %d", n, latest))
	}
	f.latest[p.topic] = max(f.latest[p.topic], n)
	return 204
}

// stage is a daemon behind a proxy, an ordered route, and messages of 40 topics that keep coming, 300 a second.
type stage struct {
	t       *testing.T
	nats    *natsServer
	proxy   *proxy
	e       *endpoint
	firsts  *firsts
	config  string
	daemon  *daemon
	stopped chan struct{}
	sending sync.WaitGroup
	sent    int
}

const orderTopics, orderRate = 40, 300

func startOrder(t *testing.T, speed int64, more settings) *stage {
	t.Helper()
	n := startNATS(t)
	n.stream("S", "s.>")
	s := &stage{t: t, nats: n, proxy: startProxy(t, n.addr), firsts: &firsts{latest: map[string]int{}, seen: map[int]bool{}}, stopped: make(chan struct{})}
	s.proxy.speed.Store(speed)
	s.e = startEndpoint(t, s.firsts.accept)
	more.nats, more.endpoint, more.route = s.proxy.address, s.e.url, ", ordering: topic"
	s.config = more.write(t)
	s.daemon = startDaemon(t, s.config)
	s.daemon.awaitReady()
	s.sending.Go(s.send)
	return s
}

func (s *stage) send() {
	s.store(pick(2, 5) * orderRate) // A backlog, so that much is held.
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-s.stopped:
			<-s.nats.js.PublishAsyncComplete()
			return
		case <-ticks.C:
		}
		s.store(orderRate / 10)
	}
}

func (s *stage) store(n int) {
	for range n {
		if _, err := s.nats.js.PublishAsync(fmt.Sprint("s.", s.sent%orderTopics), fmt.Appendf(nil, "%d %60d", s.sent, 0), jetstream.WithStallWait(time.Minute)); err != nil {
			s.t.Error(err)
			return
		}
		s.sent++
	}
}

// flows waits until so many more messages have been published.
func (s *stage) flows(n int) {
	s.t.Helper()
	before := s.e.messages()
	eventually(s.t, 90*time.Second, "messages flow", func() bool { return s.e.messages() >= before+n })
}

// end checks that nothing was lost, nothing went out of order, and little was doubled.
func (s *stage) end(what string, doubled int) {
	s.t.Helper()
	close(s.stopped)
	s.sending.Wait()
	if stream, err := s.nats.js.Stream(s.t.Context(), "S"); err != nil || stream.CachedInfo().State.Msgs != uint64(s.sent) {
		s.t.Fatalf("the stream does not have all %d messages: %v", s.sent, err)
	}
	s.e.await(s.sent, 2*time.Minute)
	eventually(s.t, 30*time.Second, "everything is acknowledged", s.nats.settled)
	if status := s.daemon.stop(); status != 0 {
		s.t.Errorf("exit status %d after SIGTERM", status)
	}
	_, duplicates := s.e.sums()
	s.t.Logf("%s: %d messages, lost 0, %d inversions, %d duplicates", what, s.sent, len(s.firsts.inversions), duplicates)
	if n := len(s.firsts.inversions); n > 0 || duplicates > doubled {
		s.t.Errorf("%d inversions such as %q, %d duplicates, want none and at most %d", n, s.firsts.inversions[:min(5, n)], duplicates, doubled)
	}
}

// The connection to NATS is reset while deliveries are on a slow link.
func TestOrderHoldsThroughResetsOfASlowLink(t *testing.T) {
	t.Parallel()
	speeds := map[string]int64{"400 kbit per s": 400_000 / 8, "1 Mbit per s": 1_000_000 / 8, "100 Mbit per s": 100_000_000 / 8}
	if !long {
		speeds = map[string]int64{"400 kbit per s": 400_000 / 8}
	}
	for name, speed := range speeds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startOrder(t, speed, settings{})
			resets := pick(3, 10)
			for range resets {
				s.flows(pick(100, 600))
				s.proxy.reset()
			}
			s.flows(100)
			s.end(fmt.Sprint(resets, " resets"), 0)
		})
	}
}

// The only daemon is killed and started again, with a backlog in its hands.
func TestOrderHoldsThroughKills(t *testing.T) {
	t.Parallel()
	s := startOrder(t, 0, settings{more: "limits: {rate: 600}"})
	kills, connections := pick(3, 10), 64
	for range kills {
		s.flows(pick(200, 600))
		s.daemon.kill()
		time.Sleep(300 * time.Millisecond) // More comes meanwhile.
		s.daemon = startDaemon(t, s.config)
	}
	s.flows(100)
	s.end(fmt.Sprint(kills, " kills"), kills*(connections*pipelined()+16))
}

// One direction of the connection to NATS becomes a black hole.
func TestOrderHoldsThroughBlackHoles(t *testing.T) {
	t.Parallel()
	for name, hole := range map[string]struct{ up, down bool }{"upwards": {true, false}, "downward": {false, true}} {
		if hole.up && !long {
			continue // Each takes half a minute.
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startOrder(t, 0, settings{})
			holes := pick(1, 4)
			for range holes {
				s.flows(200)
				s.proxy.swallow(hole.up, hole.down)
				s.flows(2 * orderRate)
			}
			s.flows(100)
			s.end(fmt.Sprint(holes, " black holes"), 0)
		})
	}
}
