package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"momento-bridge/admin/schema"
	"momento-bridge/config"
	"momento-bridge/test/docs/standin"
)

// history are pages that tell of what was: names in them need not exist today.
var history = []string{"CHANGELOG.md", "docs/decisions.md", "docs/upgrading.md"}

// eachSpan calls visit with each piece of code within a line of the documents.
func eachSpan(t *testing.T, visit func(at, code string)) {
	t.Helper()
	pages, err := ReadPages(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	span := regexp.MustCompile("`([^`]+)`")
	for _, page := range pages {
		if slices.Contains(history, page.Name) {
			continue
		}
		text := page.Text
		for _, b := range page.Blocks {
			text = strings.Replace(text, b.Text, "", 1)
		}
		for _, found := range span.FindAllStringSubmatch(strings.ReplaceAll(text, "```", ""), -1) {
			visit(page.Name, strings.Join(strings.Fields(found[1]), " "))
		}
	}
}

// Operators copy commands from the middle of a sentence, too.
func TestCommandsWithinSentencesExistWithTheirFlags(t *testing.T) {
	t.Parallel()
	seen := 0
	eachSpan(t, func(at, code string) {
		words := Split(strings.ReplaceAll(code, "…", "..."))
		if len(words) < 2 || !slices.Contains(standin.Names(), words[0]) || words[0] == "momento-bridge" {
			return
		}
		seen++
		if err := standin.CheckNamed(words); err != nil {
			t.Errorf("%s: `%s`: %v", at, code, err)
		}
	})
	if seen < 30 {
		t.Errorf("only %d commands were found", seen)
	}
}

func TestKeysWithinSentencesExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	sections := map[string]bool{}
	for _, k := range config.Keys() {
		path := strings.NewReplacer("routes[].", "", ".<name>", "").Replace(k.Path)
		known[path] = true
		if section, _, ok := strings.Cut(path, "."); ok {
			sections[section] = true
		}
	}
	for path := range config.Sections() {
		known[strings.NewReplacer("routes[].", "", "[]", "", ".<name>", "").Replace(path)] = true
	}
	for _, field := range schema.Fields("status") { // They have names of the same form,
		known[field.Path] = true
	}
	traces := "" // and so do attributes of spans.
	for _, name := range []string{"taken.go", "attempt.go"} {
		text, err := os.ReadFile("../../tracing/" + name)
		if err != nil {
			t.Fatal(err)
		}
		traces += string(text)
	}
	key := regexp.MustCompile(`^([a-z_]+)\.[a-z_.]+$`)
	seen := 0
	eachSpan(t, func(at, code string) {
		found := key.FindStringSubmatch(code)
		if found == nil || !sections[found[1]] || regexp.MustCompile(`\.(go|js|py|md|yaml|conf|example)$`).MatchString(code) {
			return
		}
		seen++
		if !known[code] && !strings.Contains(traces, `"`+code+`"`) {
			t.Errorf("%s: there is no key `%s`", at, code)
		}
	})
	if seen < 50 {
		t.Errorf("only %d keys were found", seen)
	}
}

func TestMetricsWithinSentencesExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	metric := regexp.MustCompile(`\bmomento_bridge_([a-z_]+[a-z])`)
	seen := 0
	eachSpan(t, func(at, code string) {
		for _, found := range metric.FindAllStringSubmatch(code, -1) {
			seen++
			base := regexp.MustCompile(`_(bucket|sum|count|total)$`).ReplaceAllString(found[1], "")
			if found[1] == "backlog" {
				continue // What deploy/hpa.yaml makes of ours.
			}
			if !strings.Contains(string(text), "`"+found[1]) && !strings.Contains(string(text), "`"+base) {
				t.Errorf("%s: docs/metrics.md does not have `%s`", at, found[0])
			}
		}
	})
	t.Logf("%d metrics", seen)
}
