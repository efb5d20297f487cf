package chaos

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
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
	careful bool // Each message is stored before the next one.
	sent    int
}

const orderTopics, orderRate = 40, 300

func startOrder(t *testing.T, speed int64, more settings) *stage {
	t.Helper()
	n := startNATS(t)
	n.stream("S", "s.>")
	return startOrderWith(t, n, speed, more)
}

func startOrderWith(t *testing.T, n *natsServer, speed int64, more settings) *stage {
	t.Helper()
	s := &stage{t: t, careful: n.cmd == nil, nats: n, proxy: startProxy(t, n.addr), firsts: &firsts{latest: map[string]int{}, seen: map[int]bool{}}, stopped: make(chan struct{})}
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
		if s.careful {
			s.storeOne()
			continue
		}
		if _, err := s.nats.js.PublishAsync(fmt.Sprint("s.", s.sent%orderTopics), fmt.Appendf(nil, "%d %60d", s.sent, 0), jetstream.WithStallWait(time.Minute)); err != nil {
			s.t.Error(err)
			return
		}
		s.sent++
	}
}

// storeOne stores one message, however long the servers are without a leader.
func (s *stage) storeOne() {
	for end := time.Now().Add(time.Minute); ; {
		ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Second)
		_, err := s.nats.js.Publish(ctx, fmt.Sprint("s.", s.sent%orderTopics), fmt.Appendf(nil, "%d %60d", s.sent, 0), jetstream.WithMsgID(strconv.Itoa(s.sent)))
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

// cluster is three nats-servers, each a process.
type cluster struct {
	t       *testing.T
	args    [][]string
	servers []*exec.Cmd
	addrs   []string
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, servers: make([]*exec.Cmd, 3)}
	var routes []string
	for range c.servers {
		routes = append(routes, "nats://"+freeAddress(t))
		c.addrs = append(c.addrs, freeAddress(t))
	}
	for i, addr := range c.addrs {
		_, port, _ := net.SplitHostPort(addr)
		c.args = append(c.args, []string{
			"-a", "127.0.0.1", "-p", port, "-js", "-sd", t.TempDir(), "--name", fmt.Sprint("n", i),
			"--cluster_name", "C", "--cluster", routes[i], "--routes", strings.Join(routes, ","),
		})
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.kill(i)
		}
	})
	return c
}

func (c *cluster) start(i int) {
	c.t.Helper()
	c.servers[i] = command("nats-server", c.args[i]...)
	if err := c.servers[i].Start(); err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, 10*time.Second, "nats-server listens", func() bool { return listens(c.addrs[i]) })
}

func (c *cluster) kill(i int) {
	_ = c.servers[i].Process.Kill()
	_ = c.servers[i].Wait()
}

// connected returns the cluster as one server, with a stream on all three.
func (c *cluster) connected() *natsServer {
	c.t.Helper()
	conn, err := nats.Connect("nats://"+strings.Join(c.addrs, ",nats://"), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(conn.Close)
	n := &natsServer{t: c.t, conn: conn, addr: c.addrs[0]}
	if n.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(1000)); err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, 60*time.Second, "the stream is created", func() bool {
		_, err := n.js.CreateStream(c.t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}, Replicas: 3})
		return err == nil
	})
	return n
}

// The server that leads the consumer is killed, and started again.
func TestOrderHoldsThroughKillsOfLeaders(t *testing.T) {
	t.Parallel()
	if !long {
		t.Skip("long form: CHAOS=long")
	}
	c := startCluster(t)
	n := c.connected()
	s := startOrderWith(t, n, 0, settings{more: "limits: {rate: 600}"})
	const kills, connections = 4, 64
	for range kills {
		s.flows(600)
		leader := -1
		eventually(t, 30*time.Second, "the consumer has a leader", func() bool {
			consumer, err := n.js.Consumer(t.Context(), "S", "momento-bridge-s")
			if err != nil || consumer.CachedInfo().Cluster == nil {
				return false
			}
			leader, err = strconv.Atoi(strings.TrimPrefix(consumer.CachedInfo().Cluster.Leader, "n"))
			return err == nil
		})
		c.kill(leader)
		s.flows(600)
		c.start(leader)
	}
	s.flows(100)
	s.end(fmt.Sprint(kills, " leaders killed"), kills*(connections*pipelined()+16))
}
