package chaos

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// crew is a group of replicas with an ordered route, and messages that keep coming.
type crew struct {
	*stage
	lease    time.Duration
	replicas []*daemon

	mu     sync.Mutex // Guards the following.
	keys   map[*daemon]string
	latest string // The key of who published last.
}

const (
	crewConnections = 8
	// calmLease is so long that a machine that stands still for a while takes it from nobody.
	calmLease = 8 * time.Second
)

// startCrew starts two replicas, one after the other, and then the messages.
func startCrew(t *testing.T, lease time.Duration) *crew {
	t.Helper()
	n := startNATS(t)
	n.stream("S", "s.>")
	c := &crew{
		stage: &stage{
			t: t, nats: n, firsts: &firsts{latest: map[string]int{}, seen: map[int]bool{}},
			stopped: make(chan struct{}),
		},
		lease: lease, keys: map[*daemon]string{},
	}
	c.e = startEndpoint(t, func(p publish) int {
		c.mu.Lock()
		c.latest = p.key
		c.mu.Unlock()
		return c.firsts.accept(p)
	})
	for range 2 {
		c.join()
	}
	c.sending.Go(c.send)
	c.flows(orderRate)
	return c
}

// join starts a replica and waits until it is ready: it publishes, or stands by.
func (c *crew) join() {
	c.t.Helper()
	key := fmt.Sprint("key-", len(c.keys))
	d := startDaemon(c.t, settings{
		nats: c.nats.Address, endpoint: c.e.url, key: "  api_key_file: " + scratch(c.t, "key", key),
		momento: fmt.Sprintf("  connections: %d", crewConnections), route: ", ordering: topic",
		more: fmt.Sprintf("coordination: {create: true, lease: %v}\nlimits: {rate: 600, shared: false}", c.lease),
	}.write(c.t))
	d.awaitReady()
	c.replicas = append(c.replicas, d)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[d] = key
}

// holder waits until a replica that runs has published, and returns it.
func (c *crew) holder() (holder *daemon) {
	c.t.Helper()
	c.flows(20)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.replicas {
		if strings.Contains(c.latest, c.keys[d]) {
			holder = d
		}
	}
	if holder == nil {
		c.t.Fatalf("%q published last, who has ended", c.latest)
	}
	return holder
}

// leaves takes a replica that has ended, or is about to, off the list.
func (c *crew) leaves(d *daemon) {
	c.replicas = slices.DeleteFunc(c.replicas, func(one *daemon) bool { return one == d })
}

// check ends all but one replica, and then accounts for everything.
func (c *crew) check(what string, doubled int) {
	c.t.Helper()
	c.daemon = c.holder()
	for _, d := range c.replicas {
		if d != c.daemon {
			d.mustStop()
		}
	}
	c.end(what, doubled)
}

func TestReplicasOfAnOrderedRouteKeepTheOrder(t *testing.T) {
	t.Parallel()
	c := startCrew(t, calmLease)
	c.flows(pick(2, 5, 60) * orderRate)
	c.check("two replicas", 0)
}

// The next replica is ready before the last one is told to stop, as Kubernetes does with maxSurge 1.
func TestRollingUpdateOfAnOrderedRouteKeepsTheOrderAndDoublesNothing(t *testing.T) {
	t.Parallel()
	c := startCrew(t, calmLease)
	for range pick(2, 4, 20) {
		c.join()
		old := c.holder()
		c.leaves(old)
		old.mustStop()
		c.flows(100)
	}
	c.check("a rolling update", 0)
}

func TestAnotherReplicaTakesOverFromOneThatIsKilled(t *testing.T) {
	t.Parallel()
	c := startCrew(t, pick(4*time.Second, 4*time.Second, 2*time.Second))
	kills := pick(1, 1, 10)
	for i := range kills {
		if i > 0 {
			c.join()
		}
		dead := c.holder()
		c.leaves(dead)
		dead.Kill()
		at := time.Now()
		lab.Eventually(t, patience, "another replica publishes", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return !strings.Contains(c.latest, c.keys[dead])
		})
		took := time.Since(at)
		timely(t, took <= c.lease+time.Second, "another replica published after %v, the lease is %v", took, c.lease)
		c.flows(200)
	}
	c.check(fmt.Sprint(kills, " kills"), kills*(crewConnections*pipelined()+16))
}
