package loadtest

import (
	"strings"
	"testing"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/virtual"
)

// calibrated is the calibration of a machine that is so busy, and could publish so fast.
func calibrated(t *testing.T, target Target, busy, ceiling float64) Calibration {
	t.Helper()
	if busy > 0 {
		target.machine.Sleep = virtual.NewBusy(1, busy).Sleep
	}
	e := drive.New(t.Context(), target.engine())
	defer e.Close()
	c := Calibration{Ceiling: ceiling}
	if err := c.time(e); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestQuietMachineIsFitForAllThatItCanSend(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, target Target, _ *emulator.Server) {
		c := calibrated(t, target, 0, 5000)
		if c.FitRate != 3000 || c.Burst > 0.001 || len(c.Timing) < 2 {
			t.Errorf("%+v", c)
		}
		if text := c.Provable(); text != "limits up to 3 000/s can be proved on this machine" {
			t.Error(text)
		}
	})
}

func TestMachineThatStandsStillIsFitForWhatForgivesThat(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, target Target, _ *emulator.Server) {
		c := calibrated(t, target, 1, 5000)
		if c.FitRate >= 500 || c.Burst < 0.005 {
			t.Errorf("%+v", c)
		}
		for i, at := range c.Timing {
			if at.OnTime <= 0 || at.OnTime > 1 || at.P99Late > c.Burst+0.001 || i > 0 && at.Rate <= c.Timing[i-1].Rate {
				t.Errorf("%+v", c.Timing)
			}
		}
		if text := c.Provable(); !strings.Contains(text, "if they forgive publishes that are") {
			t.Error(text)
		}
	})
}

func TestMachineThatIsTooBusyToPublishAtAllPromisesNothing(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, target Target, server *emulator.Server) {
		c := calibrated(t, target, 0, 0)
		if text := c.Provable(); !strings.Contains(text, "not measured") || server.Stats().Accepted > 0 {
			t.Errorf("%s: %+v", text, c)
		}
	})
}

func TestCalibrationThatWasNotMadePromisesNothing(t *testing.T) {
	t.Parallel()
	if text := (&Calibration{}).Provable(); !strings.Contains(text, "not measured") {
		t.Error(text)
	}
}
