package docs

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write llms.txt anew")

// listed is one line of index.md.
var listed = regexp.MustCompile(`(?m)^- \[([^\]]+)\]\(([a-z0-9-]+\.md)\): (.+)$`)

// The site's navigation is made of index.md, too: tools/site/hook.py.
func TestIndexListsEachPageOnceWithASentence(t *testing.T) {
	index := page(t, "index.md")
	lines := map[string]int{}
	for _, found := range listed.FindAllStringSubmatch(index, -1) {
		lines[found[2]]++
		if !strings.HasSuffix(found[3], ".") {
			t.Errorf("what index.md says of %s is no sentence of one line", found[2])
		}
	}
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		if n := lines[name]; n != 1 && name != "index.md" {
			t.Errorf("index.md lists %s %d times: it needs one line `- [Title](%s): A sentence.`", name, n, name)
		}
		delete(lines, name)
	}
	for name := range lines {
		t.Errorf("index.md lists %s, which does not exist", name)
	}
}

// llms.txt is what llmstxt.org describes: a title, a summary, and the pages by section. It is made of index.md:
// go test ./docs -run Llms -update.
func TestLlmsTxtListsAllPages(t *testing.T) {
	index := page(t, "index.md")
	_, intro, _ := strings.Cut(index, "\n\n")
	intro, _, _ = strings.Cut(intro, "\n\n")
	_, sections, found := strings.Cut(index, "\n## ")
	if !found {
		t.Fatal("index.md has no sections")
	}
	summary := regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`).ReplaceAllString(strings.ReplaceAll(intro, "\n", " "), "$1")
	want := "# momento-bridge\n\n> " + summary + "\n\n" +
		"Each page is Markdown. A test runs the commands on them, and reads their configurations " +
		"as the program does.\n\n" +
		"## " + sections
	if *update {
		if err := os.WriteFile("llms.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if page(t, "llms.txt") != want {
		t.Error("llms.txt is not what index.md says: go test ./docs -run Llms -update")
	}
}

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
