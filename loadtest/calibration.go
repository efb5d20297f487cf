package loadtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/figure"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
)

// Calibration is what this machine can do, measured before anything is published.
type Calibration struct {
	Ceiling float64         // Publishes per second at the most; 0: it was not measured.
	FitRate float64         // The highest rate whose timing is fit; 0: none is.
	Timing  []report.Timing // At several rates, the lowest first.
	Burst   float64         // How long the machine stood still at the most, in seconds.
}

// together is how many publishes come together at a rate when the machine has stood still.
func (c *Calibration) together(rate float64) float64 { return 1 + rate*c.Burst }

// Provable says which limits can be proved on this machine, in a sentence.
func (c *Calibration) Provable() string {
	most := mostOfCeiling * c.Ceiling
	if c.Ceiling == 0 || len(c.Timing) == 0 {
		return "it was not measured what can be proved on this machine"
	}
	if c.FitRate >= most {
		return fmt.Sprintf("limits up to %s can be proved on this machine", figure.Rate(most))
	}
	text := fmt.Sprintf("limits up to %s can be proved on this machine if they forgive publishes that are %s late",
		figure.Rate(most), figure.Time(c.Burst))
	if c.FitRate > 0 {
		text += ", and any up to " + figure.Rate(c.FitRate)
	}
	return text + fmt.Sprintf(": it stands still for up to that long, and then %.0f come together at 500/s",
		c.together(500))
}

const (
	// timed is how long the timing at a rate is measured, in seconds, and halved how many more rates are looked at
	// between one that is fit and one that is not.
	timed, halved = 0.8, 2
	// slowTimed and fastTimed are the rates that are looked at first, per second.
	slowTimed, fastTimed = 50, 5000
)

// time measures how exactly an engine sends, at rates that it can reach; nothing if it reaches none.
func (c *Calibration) time(e *drive.Engine) error {
	if c.Ceiling == 0 {
		return nil
	}
	most := mostOfCeiling * c.Ceiling
	fit, unfit := 0.0, 0.0
	for rate := min(slowTimed, most); unfit == 0; rate = min(10*rate, most) {
		ok, err := c.timeAt(e, rate)
		switch {
		case err != nil:
			return err
		case ok:
			fit = rate
		default:
			unfit = rate
		}
		if rate >= min(most, fastTimed) {
			break
		}
	}
	if unfit == 0 && fit < most {
		unfit = most
	}
	for range halved {
		if fit == 0 || unfit == 0 || unfit <= 1.2*fit {
			break
		}
		middle := math.Sqrt(fit * unfit)
		ok, err := c.timeAt(e, middle)
		switch {
		case err != nil:
			return err
		case ok:
			fit = middle
		default:
			unfit = middle
		}
	}
	c.FitRate = fit
	slices.SortFunc(c.Timing, func(a, b report.Timing) int { return cmp.Compare(a.Rate, b.Rate) })
	return nil
}

// timeAt measures how exactly an engine sends at a rate, and reports whether that is fit for a trial.
func (c *Calibration) timeAt(e *drive.Engine, rate float64) (bool, error) {
	most := search.Cap{Requests: math.MaxInt32, Seconds: anyTime}
	trial := e.Run(most, search.Phase{Rate: rate, Seconds: timed, Loose: true})
	if trial.Fatal != nil {
		return false, trial.Fatal
	}
	m := e.Measured()[len(e.Measured())-1]
	t := report.Timing{
		Rate: rate, OnTime: onTime(m.Delay, drive.Strictly(rate), m.Planned-m.Sent),
		P99Late: float64(m.Delay.ValueAtQuantile(99)) / 1e6,
	}
	c.Timing, c.Burst = append(c.Timing, t), max(c.Burst, m.Stall)
	return t.OnTime >= drive.LeastSent, nil
}
