package chaos

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// neutralLoad is how much is published through a server: half of it on a route at-least-once, half on one
// at-most-once.
type neutralLoad struct {
	perSecond int
	secure    bool
	during    time.Duration
	// unclear is how many attempts of each route may be: those that were made at the very moment of a close.
	unclear int
}

// few is how many attempts may be made at the very moment of a close. Of 64 connections, which all are closed again and
// again, a daemon that did not see the ends would use most.
const few = 25

// alone lets tests with little load run at the same time as others.
func (l neutralLoad) alone(t *testing.T) {
	t.Helper()
	if l.perSecond < 1000 {
		t.Parallel()
	}
}

func (l neutralLoad) String() string {
	transport := "plain"
	if l.secure {
		transport = "TLS"
	}
	return fmt.Sprintf("%d a second, %s", l.perSecond, transport)
}

// nginx is reloaded ten times under a load. It closes idle connections, and busy ones after their answers. Under much
// load some of the many connections are always just between the two.
func TestReloadsOfNginxLoseNothing(t *testing.T) {
	const reloads = 10
	atOnce := 20 * pipelined()
	all := []neutralLoad{
		{perSecond: 100, during: 3 * time.Second, unclear: few},
		{perSecond: 5000, secure: true, during: 3 * time.Second, unclear: reloads * atOnce},
		{perSecond: 5000, during: 3 * time.Second, unclear: reloads * atOnce},
	}
	for _, load := range pick(all[:1], all, all) {
		t.Run(load.String(), func(t *testing.T) {
			load.alone(t)
			s := startNginx(t, "keepalive_requests 1000000; "+nginxAccepts)
			through(t, s, load, s.logged, func() {
				for range reloads {
					time.Sleep(load.during / (reloads + 1))
					s.reread()
				}
			}, 0)
		})
	}
}

// impatient are servers that close connections which are idle for a second, and how to count what was accepted through
// them.
var impatient = map[string]func(*testing.T) (*neutral, func() map[string]int){
	"nginx": func(t *testing.T) (*neutral, func() map[string]int) {
		t.Helper()
		s := startNginx(t, "keepalive_timeout 1s; "+nginxAccepts)
		return s, s.logged
	},
	"HAProxy": func(t *testing.T) (*neutral, func() map[string]int) {
		t.Helper()
		s := startHAProxy(t, "")
		return s, startBackend(t, s).accepts
	},
	"httpd": func(t *testing.T) (*neutral, func() map[string]int) {
		t.Helper()
		s := startHTTPd(t, httpdAnswers("204"))
		return s, s.logged
	},
}

// Between bursts all connections are idle for longer than they are kept open.
func TestShortKeepAliveLosesNothing(t *testing.T) {
	all := []neutralLoad{
		{perSecond: 100, secure: true, during: time.Second, unclear: few},
		{perSecond: 5000, during: time.Second, unclear: few},
	}
	for _, load := range pick(all[:1], all, all) {
		t.Run(load.String(), func(t *testing.T) {
			for name, start := range impatient {
				t.Run(name, func(t *testing.T) {
					load.alone(t)
					s, accepted := start(t)
					through(t, s, load, accepted, func() {}, pick(1, 2, 2))
				})
			}
		})
	}
}

// idle is longer than impatient servers keep a connection, even if they are late.
const idle = 3 * time.Second

// accepts returns how often each message was accepted.
func (e *endpoint) accepts() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.copies)
}

// through publishes a load through a server while it is disturbed, and then so many bursts after pauses of more than a
// second, and accounts for every message.
func through(t *testing.T, s *neutral, load neutralLoad, accepted func() map[string]int, disturb func(), bursts int) {
	t.Helper()
	n := startNATS(t)
	n.stream("S", "s.>")
	n.stream("ONCE", "once.>")
	momento := "  timeout: 5s"
	if load.secure {
		momento += fmt.Sprintf("\n  tls: {ca_file: %q}", s.pair.File)
	}
	d := startDaemon(t, settings{nats: n.Address, endpoint: s.url(load.secure), momento: momento, routes: `
  - {name: s, stream: S, subject: "s.>", cache: c, ordering: none}
  - {name: once, stream: ONCE, subject: "once.>", cache: c, ordering: none, delivery: at-most-once}`}.write(t))
	d.awaitReady()
	var disturbing sync.WaitGroup
	disturbing.Go(disturb)
	each := n.publishAtRate(0, load.perSecond/2, load.during)
	disturbing.Wait()
	for range bursts {
		time.Sleep(idle)
		n.publishBoth(each, max(100, load.perSecond/10))
		each += max(100, load.perSecond/10)
	}
	outcomes := d.ends(2*each, 2*patience)
	_ = lab.Await(t.Context(), patience, "the server writes its log, which it does after its answer", func() bool {
		return sumOf(accepted()) >= outcomes["published"]
	})
	accountForRoute(t, d, "s", each, load.unclear, accepted())
	accountForRoute(t, d, "once", each, load.unclear, accepted())
	d.mustStop()
}

// accountForRoute checks that no message is lost, but those of the route at-most-once that are counted as dropped, and
// that no more were accepted twice than is counted as ambiguous, which are few.
func accountForRoute(t *testing.T, d *daemon, route string, messages, unclear int, accepted map[string]int) {
	t.Helper()
	of := func(outcome string) int {
		labels := fmt.Sprintf(`outcome=%q,route=%q`, outcome, route)
		return int(d.Metric("momento_bridge_messages_settled_total", labels))
	}
	published, dropped := of("published"), of("dropped")
	ambiguous := int(d.Metric("momento_bridge_ambiguous_total", fmt.Sprintf(`route=%q`, route)))
	lost, twice := 0, 0
	for i := range messages {
		switch n := accepted[fmt.Sprintf("%s.%d", route, i)]; n {
		case 0:
			lost++
		default:
			twice += n - 1
		}
	}
	t.Logf("route %s: %d messages, %d published, %d dropped, %d not accepted, %d twice, %d ambiguous",
		route, messages, published, dropped, lost, twice, ambiguous)
	mayDrop, mayDouble := 0, ambiguous
	if route == "once" {
		mayDrop, mayDouble = ambiguous, 0
	}
	if published+dropped != messages || dropped > mayDrop || lost > dropped {
		t.Errorf("route %s: %d published, %d dropped and %d not accepted of %d messages",
			route, published, dropped, lost, messages)
	}
	if twice > mayDouble {
		t.Errorf("route %s: %d duplicates, %d ambiguous", route, twice, ambiguous)
	}
	if ambiguous > unclear {
		t.Errorf("route %s: %d attempts were unclear, want at most %d", route, ambiguous, unclear)
	}
}

// publishAtRate publishes so many a second under s and under once, and returns how many under each.
func (s *natsServer) publishAtRate(first, perSecond int, during time.Duration) int {
	s.t.Helper()
	ticks := time.NewTicker(2 * time.Millisecond)
	defer ticks.Stop()
	n := 0
	for began := time.Now(); time.Since(began) < during; <-ticks.C {
		due := int(time.Since(began).Seconds() * float64(perSecond))
		s.publishBoth(first+n, due-n)
		n = due
	}
	return n
}

// publishBoth publishes messages under s and under once, each on a subject of its own, which is also its payload.
func (s *natsServer) publishBoth(first, n int) {
	s.t.Helper()
	for i := first; i < first+n; i++ {
		for _, token := range [...]string{"s", "once"} {
			subject := fmt.Sprintf("%s.%d", token, i)
			s.send(subject, []byte(subject))
		}
	}
	s.stored()
}
