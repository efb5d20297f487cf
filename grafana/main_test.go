package grafana

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// rig has the programs under test.
var rig *lab.Lab

// together is how many conditions are caused at the same time: most of them wait.
const together = "32"

func TestMain(m *testing.M) {
	os.Exit(lab.RunTests(m, "", together, func(l *lab.Lab) { rig = l }))
}

// patience is how long something may take that takes a moment, on a machine that does much else.
const patience = time.Minute

// need skips the test where Debian's package prometheus, which has both programs, is not installed.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: apt-get install --no-install-recommends prometheus", program)
	}
	return path
}

// must ends the test if there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ends kills a process at the end of the test. What it has written is shown when the test fails.
func ends(t *testing.T, p *lab.Process) {
	t.Helper()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("a process wrote:\n%s", lab.Brief(p.Output()))
		}
	})
}
