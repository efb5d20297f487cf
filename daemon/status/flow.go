package status

import (
	"fmt"
	"math"
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// Forecast is that of a route: its kind, the seconds until nothing waits (NaN: not known), and the words for it.
func (f *Facts) Forecast(i int) (kind string, drain float64, text string) {
	known := &f.Routes[i]
	running := f.Pipeline.Routes[i].State == pipeline.Running
	switch {
	case running && f.StandsBy(i):
		return admin.UnknownForecast, math.NaN(), "not known here"
	case known.Kind == admin.UnknownForecast, known.Kind == "":
		return admin.UnknownForecast, math.NaN(), known.Forecast
	case !f.delivers(i):
		return admin.UnknownForecast, math.NaN(), "not known while nothing comes from NATS"
	}
	return known.Kind, known.Drain, known.Forecast
}

// Strayed says what becomes of messages that were given out to somebody who is gone.
func Strayed(n int64, ackWait time.Duration) string {
	within := fmt.Sprintf("again within ack_wait (%s s)", terminal.Number(ackWait.Seconds()))
	if n == 1 {
		return "1 message was given out before and comes " + within
	}
	return terminal.Count(n) + " messages were given out before and come " + within
}

// unclear says what is not known of the flow; empty if everything is.
func unclear(f *Facts, s *admin.Status) string {
	var strayed, waiting int64
	var wait time.Duration
	known, yet, silence := true, false, 0.0
	for i := range s.Routes {
		r := &f.Routes[i]
		if s.Routes[i].CarriedBy != "" {
			continue
		}
		strayed, wait = strayed+r.Strayed, max(wait, r.AckWait)
		if s.Routes[i].Kind() == admin.UnknownForecast {
			known = known && r.Known
			yet, waiting, silence = true, waiting+r.Waiting, max(silence, r.Silence)
		}
	}
	switch {
	case strayed > 0:
		return Strayed(strayed, wait)
	case !known:
		return "what waits is not known yet"
	case silence > 0:
		return fmt.Sprintf("NATS has told nothing for %s, when %s waited", terminal.Age(seconds(silence)),
			terminal.Count(waiting))
	case yet:
		return terminal.Count(waiting) + " wait, for how long is not known yet"
	}
	return ""
}

// aside says how many messages wait that are put aside; empty if none do.
func aside(f *Facts) string {
	var still int64
	for i := range f.Routes {
		still += f.Routes[i].Still
	}
	if still == 0 {
		return ""
	}
	return ", but for " + terminal.Count(still) + " put aside"
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// age is how long ago something was, in seconds; nil if that is not known.
func age(at, now time.Time) *float64 {
	if at.IsZero() {
		return nil
	}
	return Finite(max(0, now.Sub(at).Seconds()))
}

// lastHeard says how many messages waited when NATS told of them last; empty if it has told of none.
func (f *Facts) lastHeard() string {
	var waiting int64
	silence := 0.0
	for i := range f.Routes {
		if r := &f.Routes[i]; r.Known && !f.StandsBy(i) {
			waiting, silence = waiting+r.Waiting, max(silence, r.Silence)
		}
	}
	if waiting == 0 || silence == 0 {
		return ""
	}
	return fmt.Sprintf(" %s waited when it told of that last, %s ago.", terminal.Count(waiting),
		terminal.Age(seconds(silence)))
}
