package show

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"momento-bridge/admin/admintest"
	"momento-bridge/terminal"
)

func TestGroupIsShownForPeople(t *testing.T) {
	t.Parallel()
	g := admintest.Group()
	lines := Group(g, terminal.Plain(false))
	wantGolden(t, filepath.Join("testdata", "group.golden"), strings.Join(lines, "\n")+"\n\n"+GroupLine(g)+"\n")
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > terminal.Width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
