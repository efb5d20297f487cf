package daemon

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"momento-bridge/config"
)

func TestStrangersCannotFillTheLogWhereTheTokenCannotBeRead(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		control := controlOf(&config.Admin{Control: missing}, slog.New(slog.NewTextHandler(&log, nil)))
		for range 1000 {
			if _, err := control.Token(t.Context()); err == nil {
				t.Fatal("there is a token")
			}
		}
		if got := strings.Count(log.String(), "\n"); got != 1 {
			t.Errorf("1000 requests write %d lines, want 1:\n%.500s", got, log.String())
		}
	})
}
