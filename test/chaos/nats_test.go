package chaos

import (
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// scene is what a trouble befalls.
type scene struct {
	nats   *natsServer
	proxy  *proxy
	daemon *daemon
	stream jetstream.Stream
}

// Each trouble befalls a daemon that is publishing a steady stream. Messages go on being stored meanwhile, past the trouble.
func TestTroubleWithNATSLosesNothing(t *testing.T) {
	t.Parallel()
	const connections = 64
	for name, tt := range map[string]struct {
		// befall returns once the trouble is over, as far as it ends by itself.
		befall func(s scene)
		within time.Duration // Until messages flow again.
		copies int           // At most so many are published twice.
	}{
		"reset":               {func(s scene) { s.proxy.reset() }, 10 * time.Second, connections},
		"black hole":          {func(s scene) { s.proxy.swallow(true, true) }, 45 * time.Second, connections},
		"black hole upwards":  {func(s scene) { s.proxy.swallow(true, false) }, 45 * time.Second, 600},
		"black hole downward": {func(s scene) { s.proxy.swallow(false, true) }, 45 * time.Second, connections},
		"one byte at a time":  {func(s scene) { s.proxy.dribble.Store(true) }, 45 * time.Second, 0},
		"server restarted": {func(s scene) {
			s.nats.stop()
			s.nats.start()
		}, 20 * time.Second, connections},
		"server restarted that kept the consumer in memory": {func(s scene) {
			_ = s.stream.DeleteConsumer(s.nats.t.Context(), "momento-bridge-s")
			cfg := consumerConfig(5 * time.Second)
			cfg.MemoryStorage = true
			if _, err := s.stream.CreateConsumer(s.nats.t.Context(), cfg); err != nil {
				s.nats.t.Error(err)
			}
			time.Sleep(time.Second)
			s.nats.stop()
			s.nats.start()
		}, 30 * time.Second, 1200},
		"consumer deleted": {func(s scene) { _ = s.stream.DeleteConsumer(s.nats.t.Context(), "momento-bridge-s") }, 30 * time.Second, 600},
		"daemon stopped for longer than AckWait": {func(s scene) {
			s.daemon.signal(syscall.SIGSTOP)
			time.Sleep(7 * time.Second)
			s.daemon.signal(syscall.SIGCONT)
		}, 45 * time.Second, connections},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNATS(t)
			s := scene{nats: n, proxy: startProxy(t, n.addr), stream: n.stream("S", "s.>")}
			n.consumer(s.stream, 5*time.Second)
			e := startEndpoint(t, nil)
			s.daemon = startDaemon(t, settings{nats: s.proxy.address, endpoint: e.url, momento: "  timeout: 500ms", more: "limits: {rate: 500}"}.write(t))
			s.daemon.awaitReady()
			n.publish(0, 200)
			e.await(200, 10*time.Second)
			goroutines := s.daemon.metric("go_goroutines", "")
			n.publish(200, 200)
			began := time.Now()
			tt.befall(s)
			n.publish(400, 200)
			e.await(600, tt.within)
			recovered := time.Since(began)
			s.proxy.dribble.Store(false)
			eventually(t, time.Minute, "everything is acknowledged", n.settled)
			s.daemon.awaitReady()
			eventually(t, 20*time.Second, "no goroutine is left over", func() bool { return s.daemon.metric("go_goroutines", "") <= goroutines+3 })
			_, duplicates := e.sums()
			if duplicates > tt.copies {
				t.Errorf("%d duplicates, want at most %d", duplicates, tt.copies)
			}
			t.Logf("everything published after %v, %d duplicates", recovered.Round(time.Millisecond), duplicates)
			if status := s.daemon.stop(); status != 0 {
				t.Errorf("exit status %d after SIGTERM", status)
			}
		})
	}
}
