package virtual

import (
	"math"
	"math/rand/v2"
	"time"
)

// Busy is a machine that others use: whoever sleeps is woken late now and then. It is a model of what was measured on
// two cores with two busy loops, and other programs beside (docs/decisions.md: the busy machine).
type Busy struct {
	rng *rand.Rand
	// Share of how busy the measured machine was: 1, or less.
	share float64
}

// NewBusy returns a machine that is so busy: 1 as the measured one, 0 not at all.
func NewBusy(seed uint64, share float64) *Busy {
	return &Busy{rng: rand.New(rand.NewPCG(seed, 7)), share: share}
}

// stallsPerSecond is how many times a second the machine is busy elsewhere when its turn has come.
const stallsPerSecond = 14.5

// stalls are quantiles of how long, in seconds.
var stalls = [...]struct{ share, seconds float64 }{
	{0, 0.001}, {0.1, 0.0013}, {0.5, 0.0022}, {0.75, 0.0045}, {0.9, 0.008}, {0.99, 0.035}, {1, 0.1},
}

// Late is how much later than asked for it wakes up whoever slept for so long.
func (b *Busy) Late(slept time.Duration) time.Duration {
	usual := 60e-6 + 20e-6*b.rng.Float64()
	if b.rng.Float64() < 1-math.Exp(-b.share*stallsPerSecond*slept.Seconds()) {
		usual += b.stall()
	}
	return time.Duration(usual * 1e9)
}

// stall draws from the quantiles.
func (b *Busy) stall() float64 {
	p := b.rng.Float64()
	for i := 1; ; i++ {
		low, high := stalls[i-1], stalls[i]
		if p <= high.share {
			return low.seconds + (high.seconds-low.seconds)*(p-low.share)/(high.share-low.share)
		}
	}
}

// Sleep sleeps as that machine does.
func (b *Busy) Sleep(d time.Duration) { time.Sleep(d + b.Late(d)) }
