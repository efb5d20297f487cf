package daemon

import (
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/batch"
	"momento-bridge/config"
)

// Of a topic no more than the newest value waits, so that there is nothing to put into a batch with it.
func TestNoBatchesAreForetoldToKeepLatest(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"none", "json", "packed"} {
		key := filepath.Join(t.TempDir(), "key")
		write(t, key, "opaque")
		f := config.Read("config.yaml", []byte("momento: {endpoint: 'http://127.0.0.1:1', api_key_file: "+key+"}\n"+
			"limits: {rate: 10}\nroutes: [{name: a, stream: S, subject: 'a.*', cache: c, overload: keep-latest, "+
			"batch: {format: "+format+"}}]\n"))
		f.Validate()
		p := NewPlan(f)
		if err := f.Err(); err != nil {
			t.Fatal(err)
		}
		lines := ceilingOf(&f.Config, 0).lines(&f.Config, 0)
		if last := lines[len(lines)-1]; last != "→ 10 messages/s, the newest value of a topic each" {
			t.Errorf("%s: the ceiling is %q", format, last)
		}
		if n := p.perPublish(0, &sample{accepted: 10, bytes: 100}); n != 1 {
			t.Errorf("%s: the forecast reckons with %g messages a publish", format, n)
		}
		c := &f.Routes[0]
		if got := prediction(sampled(4096, ordersOf(200)...), c, &batch.Packing{}); strings.Contains(got, "a publish") {
			t.Errorf("%s: of what the stream holds is said %q", format, got)
		}
	}
}
