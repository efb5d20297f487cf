package daemon

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"momento-bridge/config"
)

func TestAConfigurationThatHangsKeepsNoLaterReloadFromItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := make(chan struct{})
		if _, err := readWithin(t.Context(), func() (*config.File, error) {
			<-hangs
			return nil, nil
		}); !errors.Is(err, errReadTimeout) {
			t.Errorf("of a pipe that nobody writes to: %v", err)
		}
		want := &config.File{}
		got, err := readWithin(t.Context(), func() (*config.File, error) { return want, nil })
		if got != want || err != nil {
			t.Errorf("once it can be read: %v, %v", got, err)
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if _, err := readWithin(stopped, func() (*config.File, error) {
			<-hangs
			return nil, nil
		}); !errors.Is(err, errStopping) {
			t.Errorf("when the daemon stops: %v", err)
		}
		close(hangs)
	})
}
