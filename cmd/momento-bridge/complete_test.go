package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestShellsAreOfferedTheValuesOfFlags(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("routes: [{name: orders}, {name: ticks}, {}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"run --ordering ":                      "topic none",
		"check --batch ":                       "none lines json length-prefixed packed",
		"replay --log-level ":                  "debug info warn error",
		"run --log-format ":                    "auto text json",
		"run --rate ":                          "auto unlimited",
		"emulator --limiter ":                  "bucket gcra fixed-window sliding sliding-penalty sharded",
		"emulator --unit ":                     "publishes operations",
		"loadtest find --format ":              "text json",
		"loadtest find --effort ":              "quick standard proof",
		"loadtest rate --arrivals ":            "even poisson burst:10",
		"loadtest compare --format ":           "text json",
		"replay -c " + file + " --route ":      "orders ticks",
		"pause -c " + file + " ":               "orders ticks",
		"resume -c " + file + " orders ":       "",
		"replay --route ":                      "",
		"replay -c " + file + ".none --route ": "",
		"loadtest find --region ":              strings.Join(regionNames(), " "),
		"check --region ":                      strings.Join(regionNames(), " "),
		"run --log-level":                      "--log-level",
	} {
		expectOffer(t, line, want)
	}
}

// expectOffer expects what a shell is offered after a command line.
func expectOffer(t *testing.T, line, want string) {
	t.Helper()
	var out, log syncBuffer
	if err := run(t.Context(), append([]string{"__complete"}, strings.Split(line, " ")...), &out, &log); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	var offered []string
	for word := range strings.Lines(out.String()) {
		if word, _, _ = strings.Cut(strings.TrimSpace(word), "\t"); word != "" && word[0] != ':' {
			offered = append(offered, word)
		}
	}
	if got := strings.Join(offered, " "); got != want {
		t.Errorf("after %q shells are offered %q, want %q", line, got, want)
	}
}

// A word that is offered must be taken.
func TestOfferedValuesAreThoseThatAreTaken(t *testing.T) {
	t.Parallel()
	for name, words := range completions()["check"] {
		for _, word := range words {
			var out, log syncBuffer
			_ = run(t.Context(), []string{"check", "--subject", "a", "--cache", "c", "--" + name, word}, &out, &log)
			if strings.Contains(log.String(), "--"+name) {
				t.Errorf("--%s %s is offered and refused: %s", name, word, log.String())
			}
		}
	}
}
