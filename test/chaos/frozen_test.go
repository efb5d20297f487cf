package chaos

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// flow is what a status says of one route and of all.
type flow struct {
	State   string `json:"state"`
	Summary string `json:"summary"`
	Routes  []struct {
		Waiting      int64    `json:"waiting"`
		DrainSeconds *float64 `json:"drain_seconds"`
		ForecastKind string   `json:"forecast_kind"`
		Forecast     string   `json:"forecast"`
	} `json:"routes"`
}

func (d *daemon) flow() (f flow, ok bool) {
	_, body := d.Get("/api/v1/status")
	return f, json.Unmarshal([]byte(body), &f) == nil && len(f.Routes) == 1
}

// A server that is stopped answers nothing, and the connection to it stays: what it has said before gets old.
func TestNumbersOfAFrozenServerAreNoForecast(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.consumer(n.stream("S", "s.>"), time.Minute)
	n.publish(0, 2000)
	e := startEndpoint(t, nil)
	d := startDaemon(t, settings{nats: n.Address, endpoint: e.url, more: "limits: {rate: 50}"}.write(t))
	var f flow
	is := func(kind string) func() bool {
		return func() (ok bool) {
			f, ok = d.flow()
			return ok && f.Routes[0].ForecastKind == kind
		}
	}
	lab.Eventually(t, patience, "a number", is("drains"))
	n.Signal(syscall.SIGSTOP)
	unknown := is("unknown") // It may be so for a moment before, too.
	lab.Eventually(t, patience, "no number, and since when", func() bool {
		return unknown() && strings.Contains(f.Routes[0].Forecast, "when it told of that last")
	})
	if r := f.Routes[0]; r.DrainSeconds != nil || r.Waiting == 0 ||
		!strings.Contains(f.Summary, "NATS has told nothing for") && f.State != "disconnected" {
		t.Errorf("%+v", f)
	}
	n.Signal(syscall.SIGCONT)
	lab.Eventually(t, patience, "a number again", is("drains"))
	d.mustStop()
}
