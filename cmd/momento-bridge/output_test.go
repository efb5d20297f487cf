package main

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"momento-bridge/emulator"
	"momento-bridge/terminal"
)

// fullDisk takes nothing.
type fullDisk struct{ why error }

func (f fullDisk) Write([]byte) (int, error) { return 0, f.why }

func TestResultThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	file := w.config("", `  - {name: a, subject: "a.>", cache: c}`)
	daemon, _ := fakeDaemon(t)
	for _, command := range []string{
		"version", "--version", "--help", "regions", "config example", "config schema", "completion bash", "help run",
		"check -c " + file, "status --json --admin " + daemon, "status --admin " + daemon,
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			for why, words := range map[error]string{
				syscall.ENOSPC: "write to standard output: ",
				syscall.EPIPE:  "", // Nobody reads any more, as after head.
			} {
				var log syncBuffer
				err := run(t.Context(), strings.Fields(command), fullDisk{why}, &log)
				if status := exitStatus(err); status != statusFailed && status != statusUnreached {
					t.Errorf("%v: exit status %d", why, status)
				}
				if text := log.String(); !strings.Contains(text, words) || (words == "") != (text == "") {
					t.Errorf("%v: standard error says %q, want %q", why, text, words)
				}
			}
		})
	}
}

func TestOutputOfATerminalIsStillOne(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // A character device, as terminals are.
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if !terminal.Is(&output{Writer: null}) || terminal.Is(&output{Writer: io.Discard}) {
		t.Error("it is not seen through to what it writes to")
	}
}
