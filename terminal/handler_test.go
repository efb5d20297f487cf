package terminal

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"
	"testing"
	"time"
)

func TestLogOnATerminalIsForPeople(t *testing.T) {
	var shown bytes.Buffer
	log := slog.New(newHandler(&shown, slog.LevelInfo))
	route := log.With("route", "orders")
	log.Debug("not shown")
	log.Info("ready")
	route.Warn("slow", "since", 90*time.Second)
	route.WithGroup("g").Error("broken", "error", errors.New("no such host"), "level", 3)
	want := regexp.MustCompile(`^\d\d:\d\d:\d\d ready
\d\d:\d\d:\d\d ! slow  route=orders since=1m30s
\d\d:\d\d:\d\d ✗ broken  route=orders g.error="no such host" g.level=3
$`)
	if !want.MatchString(shown.String()) {
		t.Errorf("the log is\n%s", shown.String())
	}
}
