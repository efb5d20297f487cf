package chaos

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"testing"
	"time"

	"momento-bridge/test/lab"
	"momento-bridge/test/long"
)

// form is one of the ways in which a daemon meets an endpoint.
type form struct {
	core   bool // Messages come from core NATS instead of JetStream.
	secure bool // The endpoint speaks TLS.
	depth  int  // So many publishes are in flight on a connection.
}

func (f form) String() string {
	source, transport := "JetStream", "plain"
	if f.core {
		source = "core"
	}
	if f.secure {
		transport = "TLS"
	}
	return fmt.Sprintf("%s, %s, %d in flight", source, transport, f.depth)
}

// pairs are forms in which each two properties meet in each of their combinations.
var pairs = []form{{depth: 1}, {secure: true, depth: 8}, {core: true, secure: true, depth: 1}, {core: true, depth: 8}}

// forms returns the forms that a test runs in: one of the pairs in the short form, n of them in the long one, from
// another one on for each i, and at night all eight.
func forms(i, n int) []form {
	if nightly() {
		opposite := make([]form, 0, len(pairs))
		for _, f := range pairs {
			opposite = append(opposite, form{core: !f.core, secure: f.secure, depth: f.depth})
		}
		return append(opposite, pairs...)
	}
	n = long.Or(1, n)
	some := make([]form, 0, n)
	for k := range n {
		some = append(some, pairs[(i+k)%len(pairs)])
	}
	return some
}

// bothDepths skips a test that chooses the depth by itself where all tests run for the sake of another depth.
func bothDepths(t *testing.T) {
	t.Helper()
	if os.Getenv("CHAOS_PIPELINE") != "" {
		t.Skip("runs with one and with eight in flight anyway")
	}
}

// world is NATS, a scripted endpoint, and the daemon between them.
type world struct {
	t *testing.T
	form
	nats   *natsServer
	e      *scripted
	daemon *daemon
}

// start starts a world in this form, with a stream S or the core subject s.> as the route s, and waits until the
// daemon is ready.
func (f form) start(t *testing.T, connections int, script func(*peer), s settings) *world {
	t.Helper()
	w := f.prepare(t, script)
	w.run(connections, s)
	return w
}

// prepare starts all but the daemon.
func (f form) prepare(t *testing.T, script func(*peer)) *world {
	t.Helper()
	w := &world{t: t, form: f, nats: startNATS(t), e: startScripted(t, f.secure, script)}
	if !f.core {
		w.nats.stream("S", "s.>")
	}
	return w
}

// run starts the daemon.
func (w *world) run(connections int, s settings) {
	w.t.Helper()
	s.nats, s.endpoint = w.nats.Address, w.e.url
	s.momento += fmt.Sprintf("\n  connections: %d%s", connections, inFlight(w.depth))
	if w.secure {
		s.momento += fmt.Sprintf("\n  tls: {ca_file: %q}", w.e.ca)
	}
	if w.core && s.routes == "" {
		s.routes = `  - {name: s, subject: "s.>", cache: c` + s.route + `}`
	}
	w.daemon = startDaemon(w.t, s.write(w.t))
	w.daemon.awaitReady()
	if w.core {
		must(w.t, w.nats.AwaitSubscribed(w.t.Context(), "s.1"))
	}
}

// publish publishes messages, numbered from first on, each on one of ten subjects.
func (w *world) publish(first, n int) {
	w.t.Helper()
	if !w.core {
		w.nats.publish(first, n)
		return
	}
	for i := first; i < first+n; i++ {
		if err := w.nats.conn.Publish(fmt.Sprintf("s.%d", i%10), strconv.AppendInt(nil, int64(i), 10)); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.nats.conn.Flush(); err != nil {
		w.t.Fatal(err)
	}
}

// publishOneByOne publishes messages, each once the one before it is counted as published, and a while after that.
func (w *world) publishOneByOne(n int, pause time.Duration) {
	w.t.Helper()
	for i := range n {
		w.publish(i, 1)
		w.published(i + 1)
		time.Sleep(pause)
	}
}

// published waits until so many messages are published.
func (w *world) published(n int) {
	w.t.Helper()
	w.daemon.awaitPublished(n, patience)
}

// carried waits until all messages have ended, and checks that all but those that ended otherwise are published.
func (w *world) carried(messages int, otherwise map[string]int) {
	w.t.Helper()
	want, left := map[string]int{}, messages
	maps.Copy(want, otherwise)
	for _, n := range otherwise {
		left -= n
	}
	if left > 0 {
		want["published"] = left
	}
	if got := w.end(messages); !maps.Equal(got, want) {
		w.t.Errorf("messages ended as %v, want %v", got, want)
	}
}

// end waits until all messages have ended, and returns as what. It checks that those that are published were accepted,
// and no others, and that no more were accepted twice than is counted as ambiguous.
func (w *world) end(messages int) map[string]int {
	w.t.Helper()
	w.awaitEnded(messages)
	outcomes := w.daemon.outcomes()
	_, accepted := w.e.byPayload()
	twice := -len(accepted)
	for _, n := range accepted {
		twice += n
	}
	ambiguous := w.daemon.ambiguous()
	w.t.Logf("%d messages ended as %v; %d accepted, %d of them again, %d ambiguous",
		messages, outcomes, len(accepted), twice, ambiguous)
	if len(accepted) != outcomes["published"] {
		w.t.Errorf("%d messages were accepted, %d are counted as published", len(accepted), outcomes["published"])
	}
	if twice > ambiguous {
		w.t.Errorf("%d were accepted again, %d ambiguous", twice, ambiguous)
	}
	return outcomes
}

// awaitEnded waits until so many messages have ended and nothing is left, or it has been long enough.
func (w *world) awaitEnded(messages int) {
	_ = lab.Await(w.t.Context(), patience, "all messages end", func() bool {
		return sumOf(w.daemon.outcomes()) >= messages && (w.core || w.nats.settled())
	})
}

// once checks that each message was received exactly once and nothing was unclear.
func (w *world) once(messages int) {
	w.t.Helper()
	received, _ := w.e.byPayload()
	for i := range messages {
		if n := received[strconv.Itoa(i)]; n != 1 {
			w.t.Errorf("message %d was received %d times, want once", i, n)
		}
	}
	if ambiguous := w.daemon.ambiguous(); ambiguous != 0 {
		w.t.Errorf("%d attempts are said to be unclear, want none", ambiguous)
	}
}

// untouched checks that nothing was sent on a connection after what nobody had asked for, that the daemon closed each,
// and that there were enough.
func (w *world) untouched(atLeast int) {
	w.t.Helper()
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	i := &w.e.injected
	if len(i.strays) > 0 {
		w.t.Errorf("%d publishes were sent on connections that carry nothing any more, such as message %s",
			len(i.strays), i.strays[0])
	}
	if i.kept > 0 {
		w.t.Errorf("%d of %d connections were still open %v later", i.kept, i.count, openFor)
	}
	if i.count < atLeast {
		w.t.Errorf("only %d connections were tried, want at least %d", i.count, atLeast)
	}
	w.t.Logf("%d connections, the slowest was closed after %v; %d publishes may have been on their way",
		i.count, i.slowest, len(i.raced))
}
