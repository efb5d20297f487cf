package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/daemon"
)

func TestCheckSaysWhatIsKeptForAfterARestart(t *testing.T) {
	t.Setenv(daemon.KeyEnv, "k")
	dir, damaged := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "quotas.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ environment, file, want, never string }{
		"nothing": {"", "", "", "kept"},
		"a file":  {"", "state_dir: " + dir, "state      " + dir + ": what is learned of quotas is kept", ""},
		"a unit":  {dir + ":/other", "", "state      " + dir + ": what is learned of quotas is kept", "/other"},
		"both":    {"/other", "state_dir: " + dir, "state      " + dir, "/other"},
		"neither": {dir, "state_dir: \"\"", "state      " + dir, ""}, // As in the example.
		"damaged": {damaged, "", "! state_dir: " + damaged, ""},
		"no directory": {
			"", "state_dir: " + damaged + "/quotas.json", "! state_dir: " + damaged +
				"/quotas.json is no directory: nothing is kept for after a restart", "replaced",
		},
		"not made": {
			"", "state_dir: " + dir + "/x/y", "! state_dir: stat " + dir +
				"/x: no such file or directory: nothing is kept for after a restart", "is learned of",
		},
		"made": {"", "state_dir: " + dir + "/x", "state      " + dir + "/x: what is learned of quotas is kept", ""},
	} {
		t.Setenv("STATE_DIRECTORY", tt.environment)
		file := filepath.Join(t.TempDir(), "c.yaml")
		text := tt.file + "\nmomento: {endpoint: \"http://127.0.0.1:1\"}\nroutes: [{name: a, subject: a, cache: c}]\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, log syncBuffer
		err := run(t.Context(), []string{"check", "-c", file}, &out, &log)
		got := out.String()
		if err != nil || !strings.Contains(got, tt.want) || tt.never != "" && strings.Contains(got, tt.never) {
			t.Errorf("%s: check = %v, want %q and not %q in it:\n%s%s", name, err, tt.want, tt.never, got, log.String())
		}
	}
}
