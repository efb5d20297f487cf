package chaos

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
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
	careful bool // Each message is stored before the next one.
	sent    int
}

const orderTopics, orderRate = 40, 300

func startOrder(t *testing.T, speed int64, more settings) *stage {
	t.Helper()
	n := startNATS(t)
	n.stream("S", "s.>")
	return startOrderWith(t, n, speed, more, false)
}

func startOrderWith(t *testing.T, n *natsServer, speed int64, more settings, careful bool) *stage {
	t.Helper()
	s := &stage{
		t: t, careful: careful, nats: n, proxy: startProxy(t, n.Address),
		firsts: &firsts{latest: map[string]int{}, seen: map[int]bool{}}, stopped: make(chan struct{}),
	}
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
	s.store(pick(1, 2, 5) * orderRate) // A backlog, so that much is held.
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-s.stopped:
			s.nats.stored()
			return
		case <-ticks.C:
		}
		s.store(orderRate / 10)
	}
}

func (s *stage) store(n int) {
	for range n {
		if s.careful {
			s.storeOne()
			continue
		}
		s.nats.send(fmt.Sprint("s.", s.sent%orderTopics), fmt.Appendf(nil, "%d %60d", s.sent, 0))
		s.sent++
	}
}

// storeOne stores one message, however long the servers are without a leader.
func (s *stage) storeOne() {
	for end := time.Now().Add(time.Minute); ; {
		ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Second)
		_, err := s.nats.js.Publish(ctx, fmt.Sprint("s.", s.sent%orderTopics), fmt.Appendf(nil, "%d %60d", s.sent, 0),
			jetstream.WithMsgID(strconv.Itoa(s.sent)))
		cancel()
		if err == nil {
			s.sent++
			return
		}
		if time.Now().After(end) {
			s.t.Errorf("cannot store: %v", err)
			return
		}
	}
}

// flows waits until so many more messages have been published.
func (s *stage) flows(n int) {
	s.t.Helper()
	before := s.e.messages()
	lab.Eventually(s.t, patience, "messages flow", func() bool { return s.e.messages() >= before+n })
}

// end checks that nothing was lost, nothing went out of order, and little was doubled.
func (s *stage) end(what string, doubled int) {
	s.t.Helper()
	close(s.stopped)
	s.sending.Wait()
	if stream, err := s.nats.js.Stream(s.t.Context(), "S"); err != nil ||
		stream.CachedInfo().State.Msgs != uint64(s.sent) {
		s.t.Fatalf("the stream does not have all %d messages: %v", s.sent, err)
	}
	s.e.await(s.sent, 5*patience)
	s.nats.awaitSettled()
	s.daemon.mustStop()
	_, duplicates := s.e.sums()
	s.t.Logf(
		"%s: %d messages, lost 0, %d inversions, %d duplicates", what, s.sent, len(s.firsts.inversions), duplicates)
	if n := len(s.firsts.inversions); n > 0 || duplicates > doubled {
		s.t.Errorf(
			"%d inversions such as %q, %d duplicates, want none and at most %d", n, s.firsts.inversions[:min(5,
				n)], duplicates, doubled)
	}
}

// The connection to NATS is reset while deliveries are on a slow link.
func TestOrderHoldsThroughResetsOfASlowLink(t *testing.T) {
	t.Parallel()
	slow := map[string]int64{"400 kbit per s": 400_000 / 8}
	speeds := pick(slow, slow, map[string]int64{
		"400 kbit per s": 400_000 / 8, "1 Mbit per s": 1_000_000 / 8,
		"100 Mbit per s": 100_000_000 / 8,
	})
	for name, speed := range speeds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startOrder(t, speed, settings{})
			resets := pick(2, 3, 10)
			for range resets {
				s.flows(pick(50, 100, 600))
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
	kills, connections := pick(2, 3, 10), 64
	for range kills {
		s.flows(pick(150, 200, 600))
		s.daemon.Kill()
		time.Sleep(300 * time.Millisecond) // More comes meanwhile.
		s.daemon = startDaemon(t, s.config)
	}
	s.flows(100)
	s.end(fmt.Sprint(kills, " kills"), kills*(connections*pipelined()+16))
}

// One direction of the connection to NATS becomes a black hole.
func TestOrderHoldsThroughBlackHoles(t *testing.T) {
	t.Parallel()
	longOnly(t)
	for name, hole := range map[string]struct{ up, down bool }{"upwards": {true, false}, "downward": {false, true}} {
		if hole.up && !nightly() {
			continue // Each takes half a minute.
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startOrder(t, 0, settings{})
			holes := pick(1, 1, 4)
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

// startCluster starts three servers, with a stream on all of them.
func startCluster(t *testing.T) ([]*lab.NATS, *natsServer) {
	t.Helper()
	servers, err := rig.StartCluster(t.Context(), 3)
	must(t, err)
	for _, s := range servers {
		t.Cleanup(s.Close)
	}
	n := connected(t, servers...)
	lab.Eventually(t, patience, "the stream is created", func() bool {
		_, err := n.js.CreateStream(t.Context(), jetstream.StreamConfig{
			Name: "S", Subjects: []string{"s.>"},
			Replicas: 3,
		})
		return err == nil
	})
	return servers, n
}

// The server that leads the consumer is killed, and started again.
func TestOrderHoldsThroughKillsOfLeaders(t *testing.T) {
	t.Parallel()
	if !nightly() {
		t.Skip("takes very long: set CHAOS=long to run it")
	}
	servers, n := startCluster(t)
	s := startOrderWith(t, n, 0, settings{more: "limits: {rate: 600}"}, true)
	const kills, connections = 4, 64
	for range kills {
		s.flows(600)
		leader := -1
		lab.Eventually(t, patience, "the consumer has a leader", func() bool {
			consumer, err := n.js.Consumer(t.Context(), "S", "momento-bridge-s")
			if err != nil || consumer.CachedInfo().Cluster == nil {
				return false
			}
			leader, err = strconv.Atoi(strings.TrimPrefix(consumer.CachedInfo().Cluster.Leader, "n"))
			return err == nil
		})
		servers[leader].Kill()
		s.flows(600)
		must(t, servers[leader].Start(t.Context()))
	}
	s.flows(100)
	s.end(fmt.Sprint(kills, " leaders killed"), kills*(connections*pipelined()+16))
}
