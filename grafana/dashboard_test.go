package grafana

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// board is what the tests read of dashboard.json.
type board struct {
	Refresh     string
	Time        struct{ From, To string }
	Annotations struct {
		List []struct{ Name, Expr string }
	}
	Templating struct {
		List []struct {
			Name, Type, Definition string
			Multi, IncludeAll      bool
		}
	}
	Panels []boardPanel
}

type boardPanel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ Expr, LegendFormat string }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Options                  struct{ YAxis struct{ Unit string } }
}

func dashboard(t *testing.T) board {
	t.Helper()
	var b board
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// queries are all expressions, by the panel that shows them.
func (b *board) queries() map[string]string {
	all := map[string]string{}
	for _, p := range b.Panels {
		for i, q := range p.Targets {
			all[fmt.Sprintf("%s #%d", p.Title, i+1)] = q.Expr
		}
	}
	for _, a := range b.Annotations.List {
		all["annotation "+a.Name] = a.Expr
	}
	return all
}

// chosen substitutes the variables as Grafana does.
func chosen(expr, job, instance, route string) string {
	return strings.NewReplacer("$job", job, "$instance", instance, "$route", route, "$__rate_interval",
		"8s").Replace(expr)
}

func TestDashboardIsWhatTheGeneratorWrites(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "run", "./generate").Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(out) != read(t, "dashboard.json") {
		t.Error("dashboard.json differs from what its generator writes: go generate ./grafana")
	}
}

func TestEveryPanelIsExplained(t *testing.T) {
	b := dashboard(t)
	if b.Refresh != "10s" || b.Time.From != "now-30m" {
		t.Errorf("refresh %s, from %s", b.Refresh, b.Time.From)
	}
	titles, taken := map[string]bool{}, map[[2]int]string{}
	for _, p := range b.Panels {
		if p.Type == "row" {
			continue
		}
		unit := p.FieldConfig.Defaults.Unit
		if p.Type == "heatmap" {
			unit = p.Options.YAxis.Unit
		}
		if len(p.Description) < 5 || unit == "" || len(p.Targets) == 0 || titles[p.Title] {
			t.Errorf("panel %q has no description, unit or query of its own, or is there twice", p.Title)
		}
		titles[p.Title] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q lies over %q or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			if !strings.Contains(q.Expr, "$job") {
				t.Errorf("panel %q does not heed the variables: %s", p.Title, q.Expr)
			}
		}
	}
}

// watch asks every query of the dashboard again and again, until it has had data.
type watch struct {
	s      *server
	titles map[string]bool // Of the panels.
	done   chan struct{}
	ends   sync.WaitGroup

	mu    sync.Mutex // Guards the following.
	empty map[string]string
	bad   map[string]error
	asked int
}

func watchDashboard(t *testing.T, s *server) *watch {
	t.Helper()
	b := dashboard(t)
	w := &watch{
		s: s, titles: map[string]bool{}, done: make(chan struct{}), empty: b.queries(), bad: map[string]error{},
	}
	for _, p := range b.Panels {
		w.titles[p.Title] = true
	}
	w.asked = len(w.empty)
	w.ends.Go(func() {
		for {
			select {
			case <-w.done:
				return
			case <-time.After(time.Second):
				w.look()
			}
		}
	})
	return w
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, expr := range maps.Clone(w.empty) {
		got, err := w.s.query(chosen(expr, ".*", ".*", ".*"))
		if err != nil {
			w.bad[name] = err
		}
		if len(got) > 0 {
			delete(w.empty, name)
		}
	}
}

// had reports whether every query of a panel has had data.
func (w *watch) had(t *testing.T, panel string) bool {
	t.Helper()
	if !w.titles[panel] {
		t.Fatalf("no panel %q", panel)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for name := range w.empty {
		if strings.HasPrefix(name, panel+" #") {
			return false
		}
	}
	return true
}

// finish says which queries have never had data.
func (w *watch) finish(t *testing.T) {
	t.Helper()
	close(w.done)
	w.ends.Wait()
	t.Logf("%d of %d queries of the dashboard have had data", w.asked-len(w.empty), w.asked)
	for _, name := range slices.Sorted(maps.Keys(w.empty)) {
		t.Errorf("%s has never had data: %s", name, w.empty[name])
	}
	for name, err := range w.bad {
		t.Errorf("%s: %v", name, err)
	}
	variablesHaveValues(t, w.s)
}

// variablesHaveValues asks for the choices that Grafana offers.
func variablesHaveValues(t *testing.T, s *server) {
	t.Helper()
	for _, v := range dashboard(t).Templating.List {
		if v.Type != "query" {
			continue
		}
		match, label, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")"),
			", "+v.Name)
		if !ok || label != "" || !v.Multi || !v.IncludeAll {
			t.Errorf("variable %s: %s", v.Name, v.Definition)
		}
		var values []string
		err := s.get("/api/v1/label/"+v.Name+"/values",
			url.Values{"match[]": {chosen(match, ".*", ".*", ".*")}}, &values)
		if err != nil || len(values) == 0 {
			t.Errorf("variable %s has values %v, %v", v.Name, values, err)
		}
	}
}

// waitingWhilePaused is what waits on a route of two replicas, more than they have asked for.
const waitingWhilePaused = 500

// replicasAreAddedOnce checks on two replicas that what both tell of one stream is not counted twice, and that one
// replica can be chosen.
func replicasAreAddedOnce(w *world) {
	w.t.Helper()
	b := dashboard(w.t)
	all := b.queries()
	f := func(panel, instance, route string, want float64) {
		w.t.Helper()
		expr, ok := all[panel]
		if !ok {
			w.t.Fatalf("no panel %q", panel)
		}
		got, err := w.s.query(chosen(expr, w.job, instance, route))
		if err != nil || len(got) != 1 || got[0].number() != want {
			w.t.Errorf("%s of %s, route %s: %v, %v; want %g", panel, instance, route, got, err, want)
		}
	}
	f("Waiting, by route #1", ".*", "paused", waitingWhilePaused)
	f("How much waits? #1", ".*", "paused", waitingWhilePaused)
	f("How much waits? #1", "a", "paused", waitingWhilePaused)
	f("Replicas #1", ".*", ".*", 2)
	f("Replicas #1", "b", ".*", 1)
	f("Is it connected? #1", ".*", ".*", 1)
	f("State of each route #1", ".*", "paused", 5)
	f("State of each route #1", ".*", "s", 2)
}
