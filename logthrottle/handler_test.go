package logthrottle_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/logthrottle"
)

// lines returns a throttled logger and what it has written since it was asked last.
func lines() (log *slog.Logger, written func() string) {
	var text strings.Builder
	noTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}
	log = slog.New(logthrottle.New(slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: noTime})))
	return log, func() string { defer text.Reset(); return text.String() }
}

func TestOneMessageIsLoggedOnceAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := lines()
		for i := range 3 {
			log.Warn("slow", "try", i)
			log.Warn("down")
			log.Debug("nothing")
		}
		if got, want := written(), "msg=slow try=0\nmsg=down\n"; got != want {
			t.Errorf("at first %q, want %q", got, want)
		}
		time.Sleep(logthrottle.Interval)
		log.Warn("slow", "try", 3)
		if got, want := written(), "msg=slow try=3 not_logged_before=2\n"; got != want {
			t.Errorf("later %q, want %q", got, want)
		}
	})
}

func TestAttributesGivenBeforehandBelongToTheKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := lines()
		for range 2 {
			for _, err := range []error{errors.New("a"), errors.New("b")} {
				log.With("error", err).Warn("failed")
				log.WithGroup("g").Warn("failed", "error", err)
			}
		}
		want := "msg=failed error=a\nmsg=failed g.error=a\nmsg=failed error=b\n"
		if got := written(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
