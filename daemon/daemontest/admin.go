package daemontest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Admin is a daemon's admin listener.
type Admin struct {
	T   *testing.T
	URL string
}

// patient is for a listener that must answer, however busy the machine is.
var patient = &http.Client{Timeout: 30 * time.Second}

// Get returns the status and body of a page; status 0 and the error if nothing answers.
func (a *Admin) Get(path string) (status int, body string) {
	resp, err := patient.Get(a.URL + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// AwaitReady waits until the daemon carries messages.
func (a *Admin) AwaitReady() {
	a.T.Helper()
	Eventually(a.T, "the daemon ready", func() bool { status, _ := a.Get("/readyz"); return status == http.StatusOK })
}

// AwaitNotReady waits until the daemon gives this reason for not being ready.
func (a *Admin) AwaitNotReady(reason string) {
	a.T.Helper()
	Eventually(a.T, "the reason "+reason, func() bool {
		status, body := a.Get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, reason)
	})
}

// Metric returns the value of a metric with its labels, as it stands in the text format; -1 if it is not there.
func (a *Admin) Metric(name string) float64 {
	_, body := a.Get("/metrics")
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, "momento_bridge_"+name+" "); ok {
			var v float64
			fmt.Sscan(rest, &v)
			return v
		}
	}
	return -1
}
