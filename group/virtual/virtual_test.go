package virtual_test

import (
	"math"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/group/virtual"
	"momento-bridge/pipeline/quota"
)

var auto = quota.Rate{Ceiling: math.Inf(1), Learn: true}

func TestScratch(t *testing.T) {
	for _, c := range []virtual.Config{
		{Replicas: 1, Rate: auto, Limiter: emulator.Settings{Rate: 200, Burst: 200}},
		{Replicas: 4, Rate: auto, Limiter: emulator.Settings{Rate: 200, Burst: 200}},
		{Replicas: 4, Rate: auto, Limiter: emulator.Settings{Rate: 200, Burst: 200}, Alone: true},
		{Replicas: 10, Rate: auto, Limiter: emulator.Settings{Rate: 200, Burst: 200}},
		{Replicas: 4, Rate: auto, Limiter: emulator.Settings{Rate: 200, Burst: 200}, Delay: 50 * time.Millisecond, Jitter: 200 * time.Millisecond},
		{Replicas: 12, Rate: auto, Limiter: emulator.Settings{Rate: 10, Burst: 10}},
		{Replicas: 100, Rate: auto, Limiter: emulator.Settings{Rate: 10, Burst: 10}},
		{Replicas: 100, Rate: auto, Limiter: emulator.Settings{Rate: 2000, Burst: 2000}},
		{Replicas: 4, Busy: 1, Trickle: 1, Rate: auto, Limiter: emulator.Settings{Rate: 200, Burst: 200}},
		{Replicas: 100, Busy: 1, Trickle: 1, Rate: auto, Limiter: emulator.Settings{Rate: 200, Burst: 200}},
	} {
		for seed := range uint64(2) {
			c.Seed = seed
			w := virtual.New(c)
			w.Run(40 * time.Second)
			began := time.Now()
			f := w.Run(120 * time.Second)
			t.Logf("%3d of %g/s alone %v: used %.1f refused %.2f %% jain %.3f least %.2f peak %.2f (%v)", c.Replicas, c.Limiter.Rate, c.Alone,
				100*f.Used, 100*f.Refused, f.Jain, f.Least, f.Peak, time.Since(began))
		}
	}
}
