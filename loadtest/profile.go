package loadtest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
)

const (
	// profileTime is how long each rate of the latency profile is held at the least, in seconds, and profileMost at the
	// most. In between profileSent publishes are enough.
	profileTime = 5
	profileMost = 30
	profileSent = 200
	// profileSettle is how long a rate is offered before, in seconds, and longer by a window: what came before may have
	// left nothing of the quota.
	profileSettle = 2
)

// fractions of the clean rate at which the latency is measured.
var fractions = [...]struct {
	name  string
	share float64
}{{"50%", 0.5}, {"80%", 0.8}, {"95%", 0.95}}

// profile measures the latency of accepted publishes at fractions of the clean rate. That at the plateau was measured
// in the search.
func (f *finder) profile() {
	for i, t := range f.result.Trials {
		if t.Name == "plateau" && t.Unfit == "" {
			f.report.Latency["plateau"] = within(responseOf(f.measured[i].Accepted, t.Rate), t.Began, t.Seconds)
		}
	}
	for _, fraction := range fractions {
		rate := fraction.share * f.result.Clean
		if rate <= 0 {
			return
		}
		t := f.trial("latency",
			search.Phase{Rate: rate, Seconds: profileSettle + f.result.Window},
			search.Phase{Rate: rate, Seconds: min(profileMost, max(profileTime, profileSent/rate))})
		if t.Fatal != nil {
			return
		}
		measured := f.engine.Measured()
		f.profiled = append(f.profiled, measured[len(measured)-1])
		made := f.report.Trials[len(f.report.Trials)-1]
		f.report.Latency[fraction.name] = within(responseOf(measured[len(measured)-1].Accepted, rate), made.Began,
			made.Seconds)
	}
}

// errNothingLeft says that the caps of the search leave no room for another trial.
var errNothingLeft = errors.New("the caps leave no room for another trial")

// trial makes a trial after the search, within its caps.
func (f *finder) trial(name string, phases ...search.Phase) search.Trial {
	c := f.cfg.Search
	left := search.Cap{
		Requests: c.MaxRequests - f.result.Requests - f.extra,
		Seconds:  c.MaxSeconds - time.Since(f.started).Seconds(),
	}
	if left.Requests <= 0 || left.Seconds <= 0 {
		return search.Trial{Fatal: errNothingLeft}
	}
	if c.Progress != nil {
		last := phases[len(phases)-1]
		c.Progress(search.Step{
			Name: name, Rate: last.Rate, Seconds: last.Seconds, Clean: f.result.Clean, Failing: f.result.Failing,
		})
	}
	began := time.Since(f.started).Seconds() // Another engine has another clock.
	t := f.engine.Run(left, phases...)
	sent := 0
	for _, o := range t.Phases {
		sent += o.Accepted + o.Refused + o.Failed
	}
	f.extra += sent
	f.spend(sent, f.engine)
	o := t.Phases[len(t.Phases)-1]
	f.report.Trials = append(f.report.Trials, report.Trial{
		Name: name, Rate: o.Phase.Rate, Began: began, Seconds: o.Took, Sent: sent,
		Accepted: o.Accepted, Refused: o.Refused, Failed: o.Failed, Unfit: t.Unfit, OnTime: t.OnTime,
		Passed: t.Unfit == "" && o.Refused == 0,
	})
	return t
}

// refusals are the distinct texts, the most frequent first.
func refusals(count map[string]int) []report.Refusal {
	all := []report.Refusal{}
	for text, n := range count {
		all = append(all, report.Refusal{Text: text, Count: n})
	}
	slices.SortFunc(all, func(a, b report.Refusal) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Text, b.Text)
	})
	return all
}

func series(seconds []drive.Second) []report.Second {
	all := make([]report.Second, len(seconds))
	for i, s := range seconds {
		all[i] = report.Second{
			At: i, Offered: s.Accepted + s.Refused + s.Failed + s.Missed, Accepted: s.Accepted,
			Refused: s.Refused, Failed: s.Failed,
		}
	}
	return all
}
