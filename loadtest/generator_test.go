package loadtest

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
)

// A report says "of all publishes" beside the trial with the fewest, which may be one of the latency profile.
func TestTheGeneratorIsJudgedByAllTrialsOfTheSearchAndOfTheProfile(t *testing.T) {
	t.Parallel()
	made := func(sent int) drive.Measured {
		delay := hdrhistogram.New(1, time.Minute.Microseconds(), 2)
		if err := delay.RecordValues(100, int64(sent)); err != nil {
			t.Fatal(err)
		}
		return drive.Measured{Record: &drive.Record{Delay: delay}, Sent: sent, Planned: 100, CPU: float64(sent) / 200}
	}
	f := finder{
		report: &report.Report{}, result: &search.Result{},
		measured: []drive.Measured{made(100)}, profiled: []drive.Measured{made(70)},
	}
	if g := f.generator(); g.OnTime != 0.85 || g.SendDelay.Count != 170 || g.CPU != 0.5 {
		t.Errorf("%g on time, %d delays, CPU %g", g.OnTime, g.SendDelay.Count, g.CPU)
	}
}
