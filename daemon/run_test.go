package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/config"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
)

// signal.NotifyContext ends a context with a cause of its own.
func TestStopIsNoFailureWhateverEndsTheContext(t *testing.T) {
	t.Parallel()
	nats := daemontest.StartNATS(t, &server.Options{})
	_, endpoint := daemontest.StartEmulator(t, emulator.Config{})
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("k"), 0o600); err != nil {
		t.Fatal(err)
	}
	caused, end := context.WithCancelCause(t.Context())
	end(errors.New("terminated signal received"))
	late, stop := context.WithTimeout(t.Context(), 0)
	defer stop()
	for name, ctx := range map[string]context.Context{"a cause": caused, "a deadline": late} {
		f := config.Read("f", fmt.Appendf(nil, "nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q}\n"+
			"admin: {listen: '127.0.0.1:0'}\nroutes: [{name: r, subject: a, cache: c}]\n",
			nats.ClientURL(), endpoint, key))
		f.Validate()
		p := NewPlan(f)
		if err := f.Err(); err != nil {
			t.Fatal(err)
		}
		d, err := New(Config{Plan: p}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Run(ctx); err != nil {
			t.Errorf("%s: Run = %v", name, err)
		}
	}
}
