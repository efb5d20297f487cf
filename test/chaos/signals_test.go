package chaos

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// slowly accepts every publish, after a while.
func slowly(publish) int {
	time.Sleep(5 * time.Millisecond)
	return http.StatusNoContent
}

// inHand starts a daemon that holds core messages, nearly all of them waiting.
func inHand(t *testing.T, messages int, outputs func(*exec.Cmd)) (*endpoint, *daemon) {
	t.Helper()
	n, e := startNATS(t), startEndpoint(t, slowly)
	s := settings{
		nats: n.Address, endpoint: e.url, momento: "  connections: 1" + inFlight(1),
		routes: `  - {name: s, subject: "s.>", cache: c}`,
	}
	d := startDaemonWith(t, s.write(t), outputs)
	d.awaitReady()
	for range messages {
		_ = n.conn.Publish("s.x", []byte("x"))
	}
	_ = n.conn.Flush()
	lab.Eventually(t, patience, "received", func() bool {
		return d.Metric("momento_bridge_messages_received_total",
			"") == float64(messages)
	})
	return e, d
}

// GNU timeout signals its child, and then the group that the child belongs to.
func TestTwoSignalsAtOnceAreOneStop(t *testing.T) {
	t.Parallel()
	const messages = 50
	e, d := inHand(t, messages, nil)
	d.Signal(syscall.SIGTERM)
	d.Signal(syscall.SIGINT)
	if status := d.stop(); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
	if got := e.status(http.StatusNoContent); got != messages {
		t.Errorf("%d accepted of %d", got, messages)
	}
	log := d.Output()
	for _, want := range []string{
		`"msg":"stopping: `, `"budget":"20s"`,
		`"core_messages_lost":0,"handed_back":0,"held_of_streams":0,"unconfirmed_acks":0`,
	} {
		if strings.Count(log, want) != 1 {
			t.Errorf("the log has not %s once", want)
		}
	}
}

func TestSecondSignalSaysHowManyCoreMessagesAreLost(t *testing.T) {
	t.Parallel()
	const messages = 2000
	_, d := inHand(t, messages, nil)
	d.Signal(syscall.SIGTERM)
	time.Sleep(2100 * time.Millisecond)
	if status := d.stop(); status != 130 {
		t.Errorf("exit status %d, want 130", status)
	}
	log := d.Output()
	if _, last, _ := strings.Cut(log, "stopped at once by a second signal"); !strings.Contains(last,
		`"core_messages_lost":`) ||
		strings.Contains(last, `"core_messages_lost":0`) {
		t.Error("the log does not say how many messages are lost")
	}
}

// `run | head`, or a collector of logs that is restarted.
func TestReaderThatGoesAwayEndsNothing(t *testing.T) {
	t.Parallel()
	const messages = 50
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	e, d := inHand(t, messages, func(cmd *exec.Cmd) { cmd.Stdout, cmd.Stderr = writer, writer })
	writer.Close()
	reader.Close()
	d.Signal(syscall.SIGHUP) // It says something.
	d.Signal(syscall.SIGPIPE)
	if status := d.stop(); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
	if got := e.status(http.StatusNoContent); got != messages {
		t.Errorf("%d accepted of %d", got, messages)
	}
}
