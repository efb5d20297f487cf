package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestSignalsWithinTwoSecondsCountAsOne(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, tt := range []struct {
		name    string
		signals []time.Duration // When.
		want    string
	}{
		{"one", []time.Duration{0}, "stop@0s"},
		{"a child and its group", []time.Duration{0, 0}, "stop@0s"},
		{"many at once", []time.Duration{0, s / 100, s / 2, s, s * 19 / 10}, "stop@0s"},
		{"a second one", []time.Duration{0, 2 * s}, "stop@0s hurry@2s end@2.5s"},
		{"a second one after two at once", []time.Duration{0, 0, 5 * s, 5 * s}, "stop@0s hurry@5s end@5.5s"},
		{"each soon after the one before", []time.Duration{0, s * 3 / 2, 3 * s}, "stop@0s hurry@3s end@3.5s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				signals := make(chan os.Signal, 2)
				var got []string
				note := func(what string) func() {
					return func() { got = append(got, what+"@"+time.Since(began).String()) }
				}
				done := make(chan struct{})
				go func() {
					defer close(done)
					obey(signals, note("stop"), note("hurry"), note("end"))
				}()
				for _, at := range tt.signals {
					time.Sleep(at - time.Since(began))
					select { // As the runtime does.
					case signals <- syscall.SIGTERM:
					default:
					}
				}
				time.Sleep(10 * s)
				synctest.Wait()
				if text := strings.Join(got, " "); text != tt.want {
					t.Errorf("did %q, want %q", text, tt.want)
				}
				close(signals)
				<-done
			})
		})
	}
}
