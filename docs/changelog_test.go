package docs

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	releaseHeading = regexp.MustCompile(`^## \[(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?\] - (\d{4}-\d{2}-\d{2})$`)
	changeKinds    = []string{"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
)

// A release gives [Unreleased] its version and date, and puts an empty [Unreleased] above it.
func TestChangelogIsKept(t *testing.T) {
	text, err := os.ReadFile("../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range changelogProblems(string(text)) {
		t.Error(problem)
	}
}

// changelogProblems are what in a changelog is not as https://keepachangelog.com/en/1.1.0/ has it.
func changelogProblems(text string) (problems []string) {
	problem := func(line int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("CHANGELOG.md:%d: ", line+1)+fmt.Sprintf(format, args...))
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if lines[0] != "# Changelog" {
		problem(0, "the title is # Changelog")
	}
	releases, kind, last, date := 0, -1, []int(nil), ""
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "## "):
			releases++
			kind = -1
			if releases == 1 {
				if line != "## [Unreleased]" {
					problem(i, "## [Unreleased] comes first")
				}
				continue
			}
			found := releaseHeading.FindStringSubmatch(line)
			if found == nil {
				problem(i, "a release is headed ## [1.2.3] - 2026-01-31, not %s", line)
				continue
			}
			var version [3]int
			_, _ = fmt.Sscan(strings.Join(found[1:4], " "), &version[0], &version[1], &version[2])
			if last != nil && slices.Compare(version[:], last) > 0 {
				problem(i, "a newer release comes after an older one")
			}
			if _, err := time.Parse(time.DateOnly, found[5]); err != nil || date != "" && cmp.Less(date, found[5]) {
				problem(i, "the date is none, or later than that of the release above")
			}
			last, date = version[:], found[5]
		case strings.HasPrefix(line, "### "):
			at := slices.Index(changeKinds, strings.TrimPrefix(line, "### "))
			if at <= kind {
				problem(i, "%s is none of %s, or not in this order", line, strings.Join(changeKinds, ", "))
			}
			kind = max(kind, at)
			if i+2 >= len(lines) || lines[i+1] != "" || !strings.HasPrefix(lines[i+2], "- ") {
				problem(i, "a list follows after an empty line")
			}
		case releases > 0 && kind < 0 && line != "":
			problem(i, "changes stand under a heading such as ### Added")
		case kind >= 0 && line != "" && !strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "  "):
			problem(i, "changes are items of a list")
		}
	}
	if releases == 0 {
		problem(len(lines)-1, "there is no ## [Unreleased]")
	}
	return problems
}

func TestChangelogsOfAnotherFormAreFound(t *testing.T) {
	t.Parallel()
	const top = "# Changelog\n\n## [Unreleased]\n\n"
	for text, want := range map[string]string{
		top + "### Added\n\n- A.\n\n## [0.2.0] - 2026-02-01\n\n### Fixed\n\n- B.\n  More.\n\n" +
			"## [0.2.0-rc.1] - 2026-01-31\n\n### Added\n\n- C.\n": "",
		top:             "",
		"# Changelog\n": "there is no ## [Unreleased]",
		"# Changelog\n\n## [0.1.0] - 2026-01-31\n":                   "[Unreleased] comes first",
		top + "## 0.1.0\n":                                           "a release is headed",
		top + "## [0.1.0]\n":                                         "a release is headed",
		top + "## [0.1.0] - 2026-02-30\n":                            "the date is none",
		top + "## [0.1.0] - 2026-01-31\n\n## [0.2.0] - 2026-01-30\n": "a newer release comes after",
		top + "## [0.2.0] - 2026-01-30\n\n## [0.1.0] - 2026-01-31\n": "the date is none, or later",
		top + "### Improved\n\n- A.\n":                               "is none of Added",
		top + "### Fixed\n\n- A.\n\n### Added\n\n- B.\n":             "or not in this order",
		top + "### Fixed\n\n- A.\n\n### Fixed\n\n- B.\n":             "or not in this order",
		top + "### Fixed\n\n### Security\n\n- B.\n":                  "a list follows",
		top + "- A.\n":                  "changes stand under a heading",
		top + "### Fixed\n\n- A.\nB.\n": "changes are items of a list",
	} {
		got := strings.Join(changelogProblems(text), "\n")
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%q\nis said to be %q, want %q", text, got, want)
		}
	}
}
