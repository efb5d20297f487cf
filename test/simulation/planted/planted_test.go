package planted

import (
	"path/filepath"
	"testing"
)

func TestEachFaultFitsTheSourceExactlyOnceAndLeavesGo(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range All() {
		if seen[f.Name] || f.Kind == "" || len(f.Swap) == 0 {
			t.Errorf("fault %s needs a name of its own, a kind and a change", f.Name)
		}
		seen[f.Name] = true
		if _, err := f.Files(root); err != nil {
			t.Error(err)
		}
	}
	if len(seen) < 20 {
		t.Errorf("%d faults, want 20 at the least", len(seen))
	}
}
