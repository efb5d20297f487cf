package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"momento-bridge/admin"
)

// daemonIn answers as a daemon in a state, which can be changed.
func daemonIn(t *testing.T, s admin.State) (address string, change func(admin.State)) {
	t.Helper()
	var state atomic.Value
	state.Store(s)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(admin.Status{Version: "1", State: state.Load().(admin.State)})
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), func(s admin.State) { state.Store(s) }
}

func TestStatusEndsWithTheVerdict(t *testing.T) {
	t.Parallel()
	address, change := daemonIn(t, admin.Idle)
	for _, tt := range []struct {
		state admin.State
		want  int
	}{
		{admin.Idle, 0},
		{admin.Publishing, 0},
		{admin.Standby, 0},
		{admin.CatchingUp, 0},
		{admin.Throttled, 1},
		{admin.Paused, 1},
		{admin.Losing, 1},
		{"of a newer daemon", 1},
		{admin.Parked, 2},
		{admin.Disconnected, 2},
		{admin.Down, 2},
		{admin.KeyRefused, 2},
		{admin.Stuck, 2},
		{admin.Stopping, 2},
	} {
		change(tt.state)
		for _, form := range []string{"", "--json"} {
			var out, log syncBuffer
			args := strings.Fields("status --admin " + address + " " + form)
			if got := exitStatus(run(t.Context(), args, &out, &log)); got != tt.want || log.String() != "" {
				t.Errorf("%v of %s ends with %d and says %q, want %d", args, tt.state, got, log.String(), tt.want)
			}
		}
	}
}

func TestWatchEndsWithTheVerdictOfItsLastAnswer(t *testing.T) {
	t.Parallel()
	address, change := daemonIn(t, admin.Idle)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, log syncBuffer
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"status", "--admin", address, "--watch", "--interval", "100ms"}, &out, &log)
	}()
	eventually(t, "an answer", func() bool { return strings.Contains(out.String(), " idle: ") })
	change(admin.Parked)
	eventually(t, "another answer", func() bool { return strings.Contains(out.String(), " parked: ") })
	cancel()
	if got := exitStatus(<-done); got != 2 {
		t.Errorf("it ends with %d, want that of parked", got)
	}
}

func TestAnAnswerThatCannotBeWrittenIsNoVerdict(t *testing.T) {
	t.Parallel()
	address, _ := daemonIn(t, admin.Idle)
	var log syncBuffer
	if got := exitStatus(run(t.Context(), []string{"status", "--admin", address}, full{}, &log)); got != 2 {
		t.Errorf("it ends with %d, want %d", got, statusUnreached)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
