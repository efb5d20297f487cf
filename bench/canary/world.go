package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"momento-bridge/test/lab"
)

// world is a daemon with a canary, a proxy, an emulator and a NATS server, which others may use, too.
type world struct {
	name   string
	o      *options
	nats   *lab.NATS
	daemon *lab.Daemon
	proxy  *proxy
}

// newWorld starts one, and waits until its canary gets through.
func newWorld(ctx context.Context, l *lab.Lab, nats *lab.NATS, name string, o *options) (*world, error) {
	e, err := l.StartEmulator(ctx)
	if err != nil {
		return nil, err
	}
	p, err := newProxy(e.URL)
	if err != nil {
		return nil, err
	}
	w := &world{name: name, o: o, nats: nats, proxy: p}
	if w.daemon, err = l.StartConfigured(ctx, fmt.Sprintf(`nats: {url: %q}
momento: {endpoint: %q, connections: 4}
limits: {rate: 10, group: %q}
routes: [{name: users, subject: "%s.>", cache: c}]
canary: {every: %v}
`, nats.URL, p.url, name, name, o.every)); err != nil {
		return nil, err
	}
	return w, w.well(ctx)
}

// well waits until the canary gets through.
func (w *world) well(ctx context.Context) error {
	return lab.Await(ctx, time.Minute+2*w.o.every, w.name+": the canary is ok", func() bool {
		c, ok := w.says()
		return ok && c.State == "ok"
	})
}

// said is what the daemon says of the canary.
type said struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
	Lost   int    `json:"lost"`
}

// says asks the daemon; false: it does not answer.
func (w *world) says() (said, bool) {
	status, body := w.daemon.Get("/api/v1/status")
	var s struct {
		Canary *said `json:"canary"`
	}
	if status != http.StatusOK || json.Unmarshal([]byte(body), &s) != nil || s.Canary == nil {
		return said{}, false
	}
	return *s.Canary, true
}

// alarms are the states that somebody is to look at.
var alarms = map[string]bool{"losing": true, "refused": true, "deaf": true, "late": true}

// sleep waits, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
