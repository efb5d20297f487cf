package chaos

import (
	"fmt"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

func TestKillsLoseNothing(t *testing.T) {
	t.Parallel()
	messages, kills, connections := pick(6000, 30_000, 200_000), pick(3, 5, 12), 16
	for seed := range uint64(pick(1, 1, 3)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := seeded(t, seed)
			n := startNATS(t)
			// What a killed daemon held is delivered again after that.
			n.consumer(n.stream("S", "s.>"), pick(5*time.Second, 10*time.Second, 10*time.Second))
			e := startEndpoint(t, nil)
			config := settings{
				nats: n.Address, endpoint: e.url, momento: fmt.Sprintf("  connections: %d\n  timeout: 1s",
					connections), route: ", ordering: none",
			}.write(t)
			go n.publish(0, messages)
			for range kills {
				d := startDaemon(t, config)
				before := e.messages()
				lab.Eventually(t, patience, "publishing", func() bool {
					return e.messages() > before ||
						before == messages
				})
				time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond)
				d.Kill()
			}
			d := startDaemon(t, config)
			d.awaitReady() // There may be nothing left to do for it, and what has only just begun hears no signal.
			e.await(messages, 5*time.Minute)
			n.awaitSettled()
			d.mustStop()
			_, duplicates := e.sums()
			t.Logf("%d messages, %d kills: lost 0, duplicates %d", messages, kills, duplicates)
			if most := kills * (connections*pipelined() + 64); duplicates > most {
				t.Errorf("%d duplicates, want at most %d", duplicates, most)
			}
		})
	}
}

func TestWithoutFaultsNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	e := startEndpoint(t, nil)
	d := startDaemon(t, settings{nats: n.Address, endpoint: e.url, route: ", ordering: none"}.write(t))
	messages := pick(10_000, 60_000, 1_000_000)
	n.publish(0, messages)
	e.await(messages, 10*time.Minute)
	n.awaitSettled()
	_, duplicates := e.sums()
	redelivered := d.redelivered()
	if status := d.stop(); status != 0 || duplicates != 0 || redelivered != 0 {
		t.Errorf("exit status %d, %d duplicates, %d redelivered, want none", status, duplicates, redelivered)
	}
}
