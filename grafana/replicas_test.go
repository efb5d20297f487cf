package grafana

import (
	"context"
	"fmt"
	"time"

	"momento-bridge/test/lab"

	"github.com/nats-io/nats.go/jetstream"
)

// members is a replica with other routes, and one at a NATS server that passes nothing to the others.
func members(w *world) {
	w.stream("S", "s.>")
	const more = "limits: {rate: auto}"
	w.daemon("a", more, route(""))
	other := w.daemon("b", more, route("")+"\n"+`  - {name: t, subject: "t.>", cache: c}`)
	elsewhere, err := rig.StartNATS(w.t.Context())
	must(w.t, err)
	w.t.Cleanup(elsewhere.Close)
	conn, js, err := lab.Connect(elsewhere)
	must(w.t, err)
	defer conn.Close()
	_, err = js.CreateStream(w.t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}})
	must(w.t, err)
	here := w.nats
	w.nats = elsewhere
	lost := w.daemon("c", more, route(""))
	w.nats = here
	w.mustFire("MomentoBridgeTwoKeepers", "MomentoBridgeOtherRoutes")
	_ = lost.Stop()
	_ = other.Stop()
	w.mustResolve("MomentoBridgeTwoKeepers", "MomentoBridgeOtherRoutes")
}

// leases is a lease that a stranger takes and lets go again and again, and then keeps.
func leases(w *world) {
	w.stream("S", "s.>")
	const more = "limits: {rate: auto}\ncoordination: {create: true, lease: 2s}"
	w.daemon("a", more, route(""))
	w.daemon("b", more, route(""))
	w.load(20, "s.%d")
	const key = "momento-bridge.s"
	var bucket jetstream.KeyValue
	lab.Eventually(w.t, patience, "a lease is held", func() bool {
		var err error
		if bucket, err = w.js.KeyValue(w.t.Context(), "momento-bridge"); err != nil {
			return false
		}
		_, err = bucket.Get(w.t.Context(), key)
		return err == nil
	})
	release := w.meddle(bucket, key, 1500*time.Millisecond, "stranger", "")
	w.mustFire("MomentoBridgeLeasesFlap")
	release()
	release = w.meddle(bucket, key, 400*time.Millisecond, "stranger")
	w.mustFire("MomentoBridgeNobodyHoldsLease")
	release()
	w.mustResolve("MomentoBridgeLeasesFlap", "MomentoBridgeNobodyHoldsLease")
}

// meddle writes holders of a lease in turn, until the returned function is called.
func (w *world) meddle(bucket jetstream.KeyValue, key string, every time.Duration, holders ...string) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
				holder := holders[i%len(holders)]
				_, _ = bucket.Put(ctx, key, fmt.Appendf(nil, `{"holder":%q,"life":%q,"epoch":%d}`, holder, holder, i))
			}
		}
	}()
	return func() { cancel(); <-stopped }
}
