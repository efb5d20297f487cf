package main

import (
	"fmt"
	"strings"
	"testing"

	"momento-bridge/emulator"
)

// run would end with that after its first lines, or NATS refuse it for ever.
func TestCheckReadsWhatIsInTheFilesOfTLS(t *testing.T) {
	t.Parallel()
	const misfit = "nats.tls.key_file does not fit nats.tls.cert_file: tls: "
	w := newWorld(t, emulator.Config{})
	cert, key := certified(t, t.TempDir(), "a")
	_, other := certified(t, t.TempDir(), "b")
	for name, c := range map[string]struct {
		key    string
		status int
		want   string
	}{
		"its own key":     {key, 0, "✓ ready to run"},
		"another one's":   {other, statusUsage, misfit + "private key does not"},
		"no key, but PEM": {cert, statusUsage, misfit + "found a certificate"},
	} {
		file := w.writeConfig(fmt.Sprintf("nats: {tls: {ca_file: %q, cert_file: %q, key_file: %q}}\n"+
			"momento: {endpoint: 'http://127.0.0.1:1', api_key_file: %q, tls: {ca_file: %q}}\n"+
			"routes: [{name: a, subject: a, cache: c}]\n", cert, cert, c.key, w.keyFile, cert))
		var out, log syncBuffer
		status := exitStatus(run(t.Context(), []string{"check", "-c", file}, &out, &log))
		if said := out.String() + log.String(); status != c.status || !strings.Contains(said, c.want) {
			t.Errorf("%s: exit status %d and\n%swant %d and %s", name, status, said, c.status, c.want)
		}
	}
}
