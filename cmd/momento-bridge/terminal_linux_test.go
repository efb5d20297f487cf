package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"momento-bridge/admin/admintest"
	"momento-bridge/admin/show"
	"momento-bridge/emulator"
	"momento-bridge/loadtest"
	"momento-bridge/terminal"
)

// openTerminal returns a terminal for the program to write to, and what has been written to it so far.
func openTerminal(t *testing.T) (*os.File, *syncBuffer) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	controlErr := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if controlErr != nil || err != nil {
		t.Skipf("no terminals here: %v %v", controlErr, err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { slave.Close() })
	shown := &syncBuffer{}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			_, _ = shown.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	return slave, shown
}

// allShown waits until all that was written to a terminal is shown, and returns it.
func allShown(t *testing.T, screen *os.File, shown *syncBuffer) string {
	t.Helper()
	const mark = "(that is all)"
	before := strings.Count(shown.String(), mark)
	if _, err := screen.WriteString(mark); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all that was written", func() bool { return strings.Count(shown.String(), mark) > before })
	return shown.String()
}

func TestWatchRedrawsOneBlockOnATerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	screen, shown := openTerminal(t)
	address, down := fakeDaemon(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"status", "--admin", address, "--watch", "--interval", "100ms"}, screen,
			&syncBuffer{})
	}()
	lines := len(show.Status(admintest.Running(), terminal.Plain(false))) + 2
	again := fmt.Sprintf("\x1b[%dA\r\x1b[32m✓ publishing: ", lines)
	eventually(t, "the block drawn again", func() bool { return strings.Contains(shown.String(), again) })
	down.Store(true)
	eventually(t, "the failure in its place", func() bool {
		return strings.Contains(shown.String(), fmt.Sprintf("\x1b[%dA\r\x1b[31m✗ what answers at", lines))
	})
	cancel()
	if err := <-done; exitStatus(err) != statusUnreached {
		t.Errorf("status --watch = %v after Ctrl-C while the daemon is down", err)
	}
	if text := allShown(t, screen, shown); strings.Count(text, "\x1b[?7l") != strings.Count(text, "\x1b[?7h") {
		t.Error("the terminal is left with long lines cut")
	}
	t.Setenv("NO_COLOR", "1")
	if err := run(t.Context(), []string{"status", "--admin", address}, screen, &syncBuffer{}); err == nil {
		t.Error("status succeeds without an answer")
	}
	down.Store(false)
	before := len(allShown(t, screen, shown))
	if err := run(t.Context(), []string{"status", "--admin", address}, screen, &syncBuffer{}); err != nil {
		t.Fatal(err)
	}
	if text := allShown(t, screen, shown)[before:]; !strings.Contains(text, "DEAD") || strings.Contains(text, "\x1b") {
		t.Errorf("with NO_COLOR the status is %q", text)
	}
}

func TestRunShowsWhatItIsAboutToDoOnATerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	screen, shown := openTerminal(t)
	w := newWorld(t, emulator.Config{})
	w.stream("ORDERS", "orders.>")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	path := w.config("limits: {rate: 50}",
		"  - {name: orders, stream: ORDERS, subject: \"orders.>\", cache: c, topic: \"o-{{wildcard(1)}}\"}\n"+
			"  - {name: ticks, subject: t, cache: c, ordering: none}\n")
	go func() {
		done <- run(ctx, []string{"run", "-c", path, "--admin-listen", "127.0.0.1:0"}, &syncBuffer{}, screen)
	}()
	eventually(t, "the daemon ready", func() bool { return strings.Contains(shown.String(), " ready\r\n") })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run = %v", err)
	}
	text := strings.ReplaceAll(allShown(t, screen, shown), "\r\n", "\n")
	for _, words := range []string{
		"momento-bridge dev\n  nats       nats://127.0.0.1:", "\n  key        opaque\n" +
			"  rate       at most 50/s; 8 connections, 5s an attempt\n",
		"\n  queue      16 384 messages, 64 MiB, for all routes together\n", "\n" +
			"  route      orders: stream ORDERS orders.> → c/o-{{wildcard(1)}}\n" +
			"             in order per topic, at-least-once; holds up to 499, ack_wait 1m0s\n",
		"\n  route      ticks: core NATS t (queue momento-bridge) → c/{{subject}}\n" +
			"             in any order, at-least-once\n", "status_page=http://127.0.0.1:",
	} {
		if !strings.Contains(text, words) {
			t.Errorf("run does not show %q:\n%s", words, text)
		}
	}
	if strings.Contains(text, " starting") || strings.Contains(text, testKey) {
		t.Errorf("the start is told twice, or with the key:\n%s", text)
	}
}

func TestWatchShowsNoMoreThanTheTerminalHasRows(t *testing.T) {
	t.Parallel()
	screen, shown := openTerminal(t)
	raw, err := screen.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	resize := func(rows uint16) {
		_ = raw.Control(func(fd uintptr) {
			err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: 80})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w := &statusWatch{out: screen, block: terminal.NewBlock(screen)}
	resize(10)
	for range 2 {
		if err := w.show(&statusAnswer{status: admintest.Running()}); err != nil {
			t.Fatal(err)
		}
	}
	want := "\x1b[9A\r✓ publishing"
	if text := allShown(t, screen, shown); !strings.Contains(text, want) || strings.Count(text, "\n") != 2*9 ||
		!strings.Contains(text, "more lines: make the window taller; Ctrl-C ends") {
		t.Errorf("drawn twice: %q", text)
	}
	resize(100)
	if err := w.show(&statusAnswer{status: admintest.Running()}); err != nil {
		t.Fatal(err)
	}
	if text := allShown(t, screen, shown); !strings.Contains(text, "ticks   running") {
		t.Errorf("not all lines are in a taller window: %q", text)
	}
}

func TestAPlanFitsATerminalAndIsALineForEachFactElsewhere(t *testing.T) {
	t.Setenv("TERM", "xterm")
	screen, shown := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	plan := []loadtest.Line{{Name: "overload", Text: strings.Repeat("word ", 40) + "last"}, {Text: "end"}}
	cmd := &cobra.Command{}
	cmd.SetErr(screen)
	showPlan(cmd, plan)
	eventually(t, "the plan", func() bool { return strings.Contains(shown.String(), "end") })
	lines := strings.Split(strings.TrimSpace(shown.String()), "\n")
	for i, line := range lines {
		if len(strings.TrimRight(line, "\r")) > 80 || i > 0 && !strings.HasPrefix(line,
			strings.Repeat(" ", planIndent)) {
			t.Errorf("it does not fit: %q", line)
		}
	}
	if len(lines) != 5 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	var log syncBuffer
	cmd.SetErr(&log)
	showPlan(cmd, plan)
	if n := strings.Count(log.String(), "\n"); n != len(plan) {
		t.Errorf("%d lines in a log: %q", n, log.String())
	}
}
