package daemon

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"momento-bridge/canary"
	"momento-bridge/daemon/daemontest"
)

// gate holds up what comes to it until it is opened.
type gate struct {
	held   atomic.Int64
	opened chan struct{}
}

func (g *gate) pass(ctx context.Context) {
	g.held.Add(1)
	select {
	case <-g.opened:
	case <-ctx.Done():
	}
}

// hold waits until a publish of a canary is under way, and keeps it there until the function that it returns is called.
func (w *canaryWorld) hold() (open func()) {
	w.t.Helper()
	g := &gate{opened: make(chan struct{})}
	w.gate.Store(g)
	daemontest.Eventually(w.t, "a canary under way", func() bool { return g.held.Load() > 0 })
	open = sync.OnceFunc(func() { w.gate.Store(nil); close(g.opened) })
	w.t.Cleanup(open)
	return open
}

// more waits for some further canaries to come back.
func (d *canaryDaemon) more() {
	d.t.Helper()
	before := d.Status().Canary.Seen
	daemontest.Eventually(d.t, "further canaries", func() bool { return d.Status().Canary.Seen > before+1 })
}

// lostNone checks that nothing was lost, and that nobody was told of a loss.
func (d *canaryDaemon) lostNone() {
	d.t.Helper()
	if c := d.Status().Canary; c.Lost+c.Found+c.Reordered != 0 {
		d.t.Errorf("it says %+v", c)
	}
	if text := d.log.String(); strings.Contains(text, "the canary says") {
		d.t.Errorf("the log says\n%s", text)
	}
}

func TestAReloadLosesNoCanaryAndLeavesItsRoute(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{
		"another route":      "  - {name: s, subject: b, cache: c}\n" + oftenCanary,
		"another limit":      "limits: {rate: 100}\n" + oftenCanary,
		"the same":           oftenCanary,
		"another canary":     "canary: {every: 2s, topic: elsewhere-canary}",
		"no canary any more": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newCanaryWorld(t)
			d := w.daemon(oftenCanary)
			d.await(canary.OK, "")
			route := d.canaries.route
			open := w.hold()
			w.text.Store(&more)
			done, err := d.Reload(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if told := strings.Contains(strings.Join(done.Restart, " "), "canary"); told == strings.Contains(more,
				oftenCanary) {
				t.Errorf("to be restarted for %q", done.Restart)
			}
			open()
			d.more()
			d.await(canary.OK, "")
			d.lostNone()
			if d.canaries.route != route {
				t.Error("it has another route")
			}
			for _, r := range d.Status().Routes {
				if r.Name == canaryRouteName || r.Received != 0 {
					t.Errorf("among the routes is %+v", r)
				}
			}
		})
	}
}

func TestAStopWaitsForNoCanaryAndCallsNoneLost(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	w.timeout = "1s"
	d := w.daemon(oftenCanary)
	d.await(canary.OK, "")
	w.hold()
	if err := d.stop(); err != nil { // The endpoint does not answer the canary meanwhile.
		t.Errorf("it ended with %v", err)
	}
	d.lostNone()
}

func TestARestartLosesNoCanary(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	before := w.daemon(oftenCanary)
	before.await(canary.OK, "")
	open := w.hold()
	stopped := make(chan error, 1)
	go func() { stopped <- before.stop() }()
	daemontest.Eventually(t, "the stop", func() bool { return before.Status().Canary.State == string(canary.Waiting) })
	after := w.daemon(oftenCanary)
	open()
	if err := <-stopped; err != nil {
		t.Errorf("it ended with %v", err)
	}
	before.lostNone()
	after.await(canary.OK, "")
	after.more()
	after.lostNone()
}
