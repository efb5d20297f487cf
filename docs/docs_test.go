// Package docs checks the documents against the code.
package docs

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Each promise names the tests that show it. They must exist.
func TestPromisesNameTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("guarantees.md")
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("go", "test", "-list", ".", "../pipeline", "../source", "../sink/...", "../cmd/...", "../chaos", "../batch")
	list.Stderr = os.Stderr
	known, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(string(text), -1)
	if len(names) < 8 {
		t.Fatalf("only %d tests are named", len(names))
	}
	for _, name := range names {
		if !strings.Contains("\n"+string(known), "\n"+name[1]+"\n") {
			t.Errorf("guarantees.md names %s, which does not exist", name[1])
		}
	}
}
