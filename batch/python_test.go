package batch

import (
	"os/exec"
	"testing"
)

func TestPythonDecoderPassesItsTests(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), python(t), "-B", "-m", "unittest", "discover", "-s", "python")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
