package chaos

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// scene is what a trouble befalls.
type scene struct {
	nats   *natsServer
	proxy  *proxy
	daemon *daemon
	stream jetstream.Stream
}

// Each trouble befalls a daemon that is publishing a steady stream. Messages go on being stored meanwhile, past the
// trouble.
func TestTroubleWithNATSLosesNothing(t *testing.T) {
	t.Parallel()
	const connections = 64
	for name, tt := range map[string]struct {
		// befall returns once the trouble is over, as far as it ends by itself.
		befall func(s scene)
		copies int  // At most so many are published twice.
		slow   bool // What passes takes long.
	}{
		"reset":               {func(s scene) { s.proxy.reset() }, connections, false},
		"black hole":          {func(s scene) { s.proxy.swallow(true, true) }, connections, false},
		"black hole upwards":  {func(s scene) { s.proxy.swallow(true, false) }, 600, false},
		"black hole downward": {func(s scene) { s.proxy.swallow(false, true) }, connections, false},
		"one byte at a time":  {func(s scene) { s.proxy.dribble.Store(true) }, 0, true},
		"server restarted":    {func(s scene) { s.nats.restart() }, connections, false},
		"server restarted that kept the consumer in memory": {func(s scene) {
			_ = s.stream.DeleteConsumer(s.nats.t.Context(), "momento-bridge-s")
			cfg := consumerConfig(5 * time.Second)
			cfg.MemoryStorage = true
			if _, err := s.stream.CreateConsumer(s.nats.t.Context(), cfg); err != nil {
				s.nats.t.Error(err)
			}
			time.Sleep(time.Second)
			s.nats.restart()
		}, 1200, false},
		"consumer deleted": {
			func(s scene) { _ = s.stream.DeleteConsumer(s.nats.t.Context(), "momento-bridge-s") },
			600, false,
		},
		"daemon stopped for longer than AckWait": {func(s scene) {
			s.daemon.Signal(syscall.SIGSTOP)
			time.Sleep(7 * time.Second)
			s.daemon.Signal(syscall.SIGCONT)
		}, connections, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(name, "black hole") {
				longOnly(t) // Half a minute passes until the daemon knows.
			}
			n := startNATS(t)
			s := scene{nats: n, proxy: startProxy(t, n.Address), stream: n.stream("S", "s.>")}
			ackWait := 5 * time.Second
			if tt.slow {
				ackWait = time.Minute // Far more than anything takes, on a machine that does much else.
			}
			n.consumer(s.stream, ackWait)
			e := startEndpoint(t, nil)
			s.daemon = startDaemon(t, settings{
				nats: s.proxy.address, endpoint: e.url, momento: "  timeout: 1s",
				more: "limits: {rate: 500}",
			}.write(t))
			s.daemon.awaitReady()
			n.publish(0, 200)
			e.await(200, 5*patience)
			goroutines := s.daemon.Metric("go_goroutines", "")
			n.publish(200, 200)
			began := time.Now()
			tt.befall(s)
			n.publish(400, 200)
			e.await(600, 2*patience)
			recovered := time.Since(began)
			s.proxy.dribble.Store(false)
			n.awaitSettled()
			s.daemon.awaitReady()
			lab.Eventually(t, patience, "no goroutine is left over",
				func() bool { return s.daemon.Metric("go_goroutines", "") <= goroutines+3 })
			_, duplicates := e.sums()
			if most := tt.copies + s.daemon.ambiguous(); duplicates > most { // A busy machine may answer late.
				t.Errorf("%d duplicates, want at most %d", duplicates, most)
			}
			t.Logf("everything published after %v, %d duplicates", recovered.Round(time.Millisecond), duplicates)
			s.daemon.mustStop()
		})
	}
}
