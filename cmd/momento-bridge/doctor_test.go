//go:build !slim

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Whoever follows docs/doctor.md while all is well gets an answer to each command: here from the demo.
func TestDoctorsCommandsAnswerBesideTheDemo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	admin, file := startDemo(t)
	var tried []string
	for _, found := range regexp.MustCompile("(?m)(?:`|^)momento-bridge ([a-z][^`\n#|]*)").FindAllSubmatch(text, -1) {
		args := strings.Fields(strings.ReplaceAll(string(found[1]), "config.yaml", file))
		line := strings.Join(args, " ")
		switch {
		case slices.Contains(tried, line):
			continue
		case slices.Contains([]string{"status", "pause", "resume"}, args[0]):
			if !slices.Contains(args, "-c") && !slices.Contains(args, "--group") {
				args = append(args, "--admin", admin)
			} else if !slices.Contains(args, "-c") {
				args = append(args, "-c", file)
			}
		case !slices.Contains([]string{"check", "canary", "version"}, args[0]):
			continue // Needs dead letters, a terminal, or another daemon.
		}
		tried = append(tried, line)
		said := ""
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("momento-bridge %s: %s", line, said)
			}
		})
		eventually(t, line+" answers", func() bool { // Whoever is asked for a second may be late on a busy machine.
			var out, log syncBuffer
			status := exitStatus(run(t.Context(), args, &out, &log))
			said = fmt.Sprintf("exit status %d\n%s%s", status, out.String(), log.String())
			return status <= 1 && out.String() != ""
		})
	}
	if len(tried) < 7 {
		t.Errorf("only these commands were found: %q", tried)
	}
}

// startDemo returns the address of the demo's bridge, and a configuration for what the demo has.
func startDemo(t *testing.T) (admin, file string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var out, log syncBuffer
	go func() { ended <- run(ctx, []string{"demo", "--rate", "20", "--quota", "1000"}, &out, &log) }()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	told := regexp.MustCompile(`NATS +(\S+)\nendpoint +(\S+) [^\n]*\nbridge +http://([^/\s]+)/`)
	var found []string
	eventually(t, "the demo's addresses", func() bool {
		found = told.FindStringSubmatch(log.String())
		return found != nil
	})
	eventually(t, "a bridge that is ready", func() bool {
		resp, err := http.Get("http://" + found[3] + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	file = filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf("nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q}\nadmin: {listen: %q}\n"+
		"routes: [{name: doctor, subject: doctor, cache: demo}]\n", found[1], found[2], key, found[3])
	for name, content := range map[string]string{key: "demo-key", file: text} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return found[3], file
}
