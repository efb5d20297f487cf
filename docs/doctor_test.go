package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"momento-bridge/condition"
)

// Whoever reads a sentence of the daemon's finds it in doctor.md, word for word, with its state and its alert.
func TestDoctorKnowsEachCondition(t *testing.T) {
	const head = "| it says | state | for messages | do |\n| --- | --- | --- | --- |\n"
	_, table, found := strings.Cut(page(t, "doctor.md"), head)
	if !found {
		t.Fatal("doctor.md has no table of conditions")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")
	for c := range condition.Count {
		state := ""
		if c.State() != "" {
			state = "`" + c.State() + "` "
		}
		begin := fmt.Sprintf("| %s | %s|", c.Sentence(), state)
		at := slices.IndexFunc(rows, func(row string) bool { return strings.HasPrefix(row, begin) })
		switch {
		case at < 0:
			t.Errorf("doctor.md has no row that begins with %q", begin)
			continue
		case c.Runbook() != "" && !strings.Contains(rows[at], "(runbook.md#"+c.Runbook()+")"):
			t.Errorf("the row does not link to runbook.md#%s: %s", c.Runbook(), rows[at])
		}
		rows = slices.Delete(rows, at, at+1)
	}
	for _, row := range rows {
		t.Errorf("doctor.md has a row for no condition: %s", row)
	}
}

// And whatever may limit a route: metrics.md has the list, which is held to the program.
func TestDoctorKnowsWhatLimitsARoute(t *testing.T) {
	found := regexp.MustCompile("`route_limited` .*, by: ([a-z, ]+) \\|").FindStringSubmatch(page(t, "metrics.md"))
	if found == nil {
		t.Fatal("metrics.md does not say what may limit a route")
	}
	doctor := page(t, "doctor.md")
	_, table, _ := strings.Cut(doctor, "\n### Messages are late\n")
	table, _, _ = strings.Cut(table, "\n### ")
	for limit := range strings.SplitSeq(found[1], ", ") {
		if limit != "nothing" && !strings.Contains(table, "`"+limit+"`") {
			t.Errorf("doctor.md does not say what to do about a route that is limited by %s", limit)
		}
	}
}

// The status has the same words, and one more: metrics.md says so.
func TestStatusAndMetricsNameLimitsAlike(t *testing.T) {
	metrics := regexp.MustCompile("`route_limited` .*, by: ([a-z, ]+) \\|").FindStringSubmatch(page(t, "metrics.md"))
	status := regexp.MustCompile("`routes\\[\\].limited_by` .*: (.*)\\. \\|").FindStringSubmatch(page(t, "status-api.md"))
	if metrics == nil || status == nil {
		t.Fatalf("metrics.md has %v, status-api.md %v", metrics, status)
	}
	want := append(strings.Split(metrics[1], ", "), "nats")
	var got []string
	for _, word := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(status[1], -1) {
		got = append(got, word[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("limited_by of the status is one of %v, and the metric's of %v", got, want)
	}
}
