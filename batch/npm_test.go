package batch

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"momento-bridge/test/long"
)

// TestPackageForNPMIsWholeAndNoMore packs batch/js as npm does, without a network, and imports what was packed by its
// name.
func TestPackageForNPMIsWholeAndNoMore(t *testing.T) {
	long.Only(t)
	t.Parallel()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not on the PATH; CI has it")
	}
	dir := t.TempDir()
	packed := packJS(t, npm, dir)
	want := []string{"LICENSE", "README.md", "momento-batch.d.mts", "momento-batch.mjs", "package.json"}
	if !slices.Equal(packed.files(), want) {
		t.Errorf("the package has %q, want %q", packed.files(), want)
	}
	home := filepath.Join(dir, "node_modules", "momento-bridge-batch")
	if err := os.MkdirAll(home, 0o755); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, packed.Filename)
	if out, err := exec.CommandContext(t.Context(), "tar", "-xzf", archive, "-C", home, "--strip-components=1").
		CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const script = `import { Reader, unpack, split } from "momento-bridge-batch";
		import { Reader as same } from "momento-bridge-batch/momento-batch.mjs";
		const { messages } = await new Reader().read(new Uint8Array([0xf5, 1, 0, 1, 65]));
		if (messages[0].text() !== "A" || Reader !== same) process.exit(1);`
	cmd := exec.CommandContext(t.Context(), node(t), "--input-type=module", "-e", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// packedByNPM is what npm says of a package.
type packedByNPM struct {
	Filename string `json:"filename"`
	Files    []struct {
		Path string `json:"path"`
	} `json:"files"`
}

// files are the paths in alphabetical order.
func (p *packedByNPM) files() (paths []string) {
	for _, f := range p.Files {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return paths
}

func packJS(t *testing.T, npm, dir string) packedByNPM {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), npm, "pack", "--json", "--offline", "--ignore-scripts",
		"--pack-destination", dir)
	cmd.Dir = "js"
	cmd.Env = append(os.Environ(), "npm_config_cache="+filepath.Join(dir, "cache"), "npm_config_update_notifier=false")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var packed []packedByNPM
	if err := json.Unmarshal(out, &packed); err != nil || len(packed) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	return packed[0]
}
