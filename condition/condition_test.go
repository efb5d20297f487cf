package condition

import (
	"os"
	"strings"
	"testing"
)

func TestEachConditionHasAllThatIsSaidOfIt(t *testing.T) {
	t.Parallel()
	runbook, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	for c := range Count {
		if c.Sentence() == "" || c.Advice() == "" {
			t.Errorf("condition %d: sentence %q, advice %q", c, c.Sentence(), c.Advice())
		}
		if anchor := c.Runbook(); anchor != "" && !strings.Contains(strings.ToLower(string(runbook)),
			"\n## "+anchor+"\n") {
			t.Errorf("condition %d: docs/runbook.md has no %q", c, anchor)
		}
	}
}
