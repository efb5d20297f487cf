package daemon

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"momento-bridge/config"
)

func TestAConfigurationThatHangsKeepsNoLaterReloadFromItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs, readings := make(chan struct{}), make(chan struct{}, mostReadings)
		var began atomic.Int64
		hang := func() (*config.File, error) {
			began.Add(1)
			<-hangs
			return nil, nil
		}
		want := &config.File{}
		succeeds := func(when string) {
			t.Helper()
			got, err := readWithin(t.Context(), readings, func() (*config.File, error) { return want, nil })
			if got != want || err != nil {
				t.Errorf("%s: %v, %v", when, got, err)
			}
			synctest.Wait() // Its slot is free again.
		}
		if _, err := readWithin(t.Context(), readings, hang); !errors.Is(err, errReadTimeout) {
			t.Errorf("of a pipe that nobody writes to: %v", err)
		}
		succeeds("while one hangs")
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if _, err := readWithin(stopped, readings, hang); !errors.Is(err, errStopping) {
			t.Errorf("when the daemon stops: %v", err)
		}
		for range mostReadings {
			if _, err := readWithin(t.Context(), readings, hang); !errors.Is(err, errReadTimeout) {
				t.Errorf("of many: %v", err)
			}
		}
		if n := began.Load(); n != mostReadings {
			t.Errorf("%d readings hang, want %d at the most", n, mostReadings)
		}
		close(hangs)
		synctest.Wait()
		succeeds("once they have ended")
	})
}
