package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"momento-bridge/emulator"
	"momento-bridge/test/long"
)

const twoRoutes = `  - {name: s, stream: S, subject: "s.*", cache: c}
  - {name: t, subject: "t.*", cache: c, ordering: none}
`

// child is a metric with one label besides route or none, as docs/metrics.md lists them.
type child struct{ metric, label, value string }

// documented reads the metrics of docs/metrics.md: their names, and the values of their closed labels.
func documented(t *testing.T) (names []string, children []child) {
	t.Helper()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	label := regexp.MustCompile(`(\w+): ((?:[\w]+)(?:, [\w]+)*)`)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.Contains(cells[1], "`") {
			continue
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			name = strings.Trim(strings.TrimSpace(name), "`")
			names = append(names, name)
			for _, m := range label.FindAllStringSubmatch(cells[3], -1) {
				for value := range strings.SplitSeq(m[2], ", ") {
					if m[1] != "scope" {
						children = append(children, child{name, m[1], value})
					}
				}
			}
		}
	}
	if len(names) < 30 || len(children) < 40 {
		t.Fatalf("only %d metrics and %d children are listed", len(names), len(children))
	}
	return names, children
}

// firstMetrics returns the metrics of a daemon that has just started, with two routes.
func firstMetrics(t *testing.T) string {
	t.Helper()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s.*")
	p := startDaemon(t, "-c", w.config("", twoRoutes))
	p.awaitReady()
	_, body := p.get("/metrics")
	return body
}

func TestEveryChildIsThereFromTheStartAtZero(t *testing.T) {
	t.Parallel()
	body := firstMetrics(t)
	names, children := documented(t)
	for _, name := range names {
		if !strings.Contains(body, "\n# TYPE momento_bridge_"+name+" ") {
			t.Errorf("%s is not exported", name)
		}
	}
	for _, c := range children {
		found := regexp.MustCompile(fmt.Sprintf(`(?m)^momento_bridge_%s(_total)?\{([^}]*,)?%s="%s"(,[^}]*)?\} `,
			c.metric, c.label, c.value)).FindString(body)
		if found == "" {
			t.Errorf("%s has no child %s=%q", c.metric, c.label, c.value)
		}
	}
	for _, counter := range regexp.MustCompile(`(?m)^momento_bridge_\w+_total\{.* [1-9].*$`).FindAllString(body, -1) {
		if !strings.Contains(counter, `"204"`) {
			t.Errorf("not zero at the start: %s", counter)
		}
	}
	exported := regexp.MustCompile(`(?m)^# TYPE momento_bridge_(\w+) `).FindAllStringSubmatch(body, -1)
	for _, m := range exported {
		if !strings.Contains(strings.Join(names, " ")+" ", m[1]+" ") {
			t.Errorf("docs/metrics.md does not list %s", m[1])
		}
	}
}

func TestMetricsFollowTheConventions(t *testing.T) {
	t.Parallel()
	body := firstMetrics(t)
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if strings.HasPrefix(problem.Metric, "momento_bridge_") {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	}
}

// Each scrape is one moment: whatever goes on, what came is what ended and what is held.
func TestLedgerHoldsInEveryScrapeUnderLoad(t *testing.T) {
	t.Parallel()
	n := long.Or(4000, 20_000)
	rate := float64(n) / 2.5
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: rate, Burst: rate / 10}})
	w.stream("S", "s.*")
	p := startDaemon(t, "-c", w.config("limits: {rate: unlimited}", twoRoutes))
	p.awaitReady()
	go func() {
		for i := range n {
			for t.Context().Err() == nil { // An error says that too many are unconfirmed.
				if _, err := w.js.PublishAsync(fmt.Sprintf("s.%d", i%100), []byte("x")); err == nil {
					break
				}
			}
			_ = w.nats.Publish(fmt.Sprintf("t.%d", i%100), []byte("x"))
		}
	}()
	scrapes, busy := 0, 0
	eventually(t, "everything published", func() bool {
		_, body := p.get("/metrics")
		settled := 0.0
		for _, route := range []string{"s", "t"} {
			received, ended, held := ledgerOf(body, route)
			if received != ended+held {
				t.Fatalf("route %s: %v received, %v ended, %v held", route, received, ended, held)
			}
			if held > 0 {
				busy++
			}
			settled += ended
		}
		scrapes++
		return settled >= float64(n) // Those of core NATS may be dropped.
	})
	if scrapes < 5 || busy == 0 {
		t.Errorf("%d scrapes, %d of them with messages held: that shows nothing", scrapes, busy)
	}
}

// ledgerOf sums up a route's messages in a scrape.
func ledgerOf(body, route string) (received, ended, held float64) {
	for line := range strings.Lines(body) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		var v float64
		if _, err := fmt.Sscan(value, &v); err != nil || !strings.Contains(name, fmt.Sprintf("route=%q", route)) {
			continue
		}
		switch name, _, _ := strings.Cut(name, "{"); name {
		case "momento_bridge_messages_received_total":
			received = v
		case "momento_bridge_messages_settled_total":
			ended += v
		case "momento_bridge_messages_queued", "momento_bridge_messages_in_flight":
			held += v
		}
	}
	return received, ended, held
}
