package chaos

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// inFlightKey is the key of momento that says how many publishes are in flight on each connection.
const inFlightKey = "in_flight"

// inFlight is the line of momento that asks for so many.
func inFlight(n int) string { return fmt.Sprintf("\n  %s: %d", inFlightKey, n) }

// settings are a daemon's configuration, as far as the tests differ. The zero values are the usual ones.
type settings struct {
	nats     string // Host and port.
	endpoint string // URL.
	key      string // Lines of momento that say where the key is; default a file.
	momento  string // More lines of momento, indented by two.
	more     string // More top-level lines.
	route    string // Further keys of the route s.
	routes   string // Instead of the route s.
}

// write writes the configuration and returns its path.
func (s settings) write(t *testing.T) string {
	t.Helper()
	if s.key == "" {
		s.key = "  api_key_file: " + scratch(t, "key", "a-key")
	}
	if s.routes == "" {
		s.routes = `  - {name: s, stream: S, subject: "s.>", cache: c` + s.route + `}`
	}
	if pipelined() > 1 && !strings.Contains(s.momento, inFlightKey+":") {
		s.momento += inFlight(pipelined())
	}
	if !strings.Contains(s.more, "limits:") {
		s.more += "\nlimits: {rate: unlimited}"
	}
	return scratch(t, "config.yaml", fmt.Sprintf("nats: {url: %q}\nmomento:\n  endpoint: %q\n%s\n%s\n%s\nroutes:\n%s\n",
		"nats://"+s.nats, s.endpoint, s.key, s.momento, s.more, s.routes))
}

// daemon is the bridge as a process of its own.
type daemon struct {
	*lab.Daemon
	t *testing.T
}

// startDaemon starts the bridge, without waiting until it is ready.
func startDaemon(t *testing.T, config string) *daemon {
	t.Helper()
	return startDaemonWith(t, config, nil)
}

// startDaemonWith does the same, with the command prepared further.
func startDaemonWith(t *testing.T, config string, prepare func(*exec.Cmd)) *daemon {
	t.Helper()
	d := &daemon{rig.NewDaemon("-c", config), t}
	d.Prepare = prepare
	must(t, d.Start())
	t.Cleanup(func() {
		d.Kill()
		if strings.Contains(d.Output(), "the daemon is stuck") {
			t.Error("the daemon took itself for stuck")
		}
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", lab.Brief(d.Output()))
		}
	})
	return d
}

// stop sends SIGTERM and returns the exit status.
func (d *daemon) stop() int {
	d.t.Helper()
	d.Signal(syscall.SIGTERM)
	status, err := d.Wait(patience)
	must(d.t, err)
	return status
}

// mustStop stops the daemon, which must be content.
func (d *daemon) mustStop() {
	d.t.Helper()
	if status := d.stop(); status != 0 {
		d.t.Errorf("exit status %d after SIGTERM", status)
	}
}

func (d *daemon) awaitReady() {
	d.t.Helper()
	lab.Eventually(d.t, patience, "the daemon is ready", d.Ready)
}

// settledAs returns how many messages ended in one way.
func (d *daemon) settledAs(outcome string) float64 {
	return d.Metric("momento_bridge_messages_settled_total", `outcome="`+outcome+`"`)
}

// awaitPublished waits until exactly so many messages are published.
func (d *daemon) awaitPublished(n int, within time.Duration) {
	d.t.Helper()
	what := fmt.Sprintf("%d messages are published", n)
	lab.Eventually(d.t, within, what, func() bool { return d.settledAs("published") == float64(n) })
}

// ambiguous returns how many attempts had an unclear outcome.
func (d *daemon) ambiguous() int { return int(d.Metric("momento_bridge_ambiguous_total", "")) }

// redelivered returns how many deliveries were not the first ones.
func (d *daemon) redelivered() int { return int(d.Metric("momento_bridge_redelivered_total", "")) }

// outcomes returns how many messages ended, by outcome; those that none ended as are left out.
func (d *daemon) outcomes() map[string]int {
	return d.Metrics().By("momento_bridge_messages_settled_total", "outcome")
}

// ends waits until so many messages have ended, in whatever way, and returns in which.
func (d *daemon) ends(messages int, within time.Duration) map[string]int {
	var outcomes map[string]int
	_ = lab.Await(d.t.Context(), within, "all messages end", func() bool {
		outcomes = d.outcomes()
		return sumOf(outcomes) >= messages
	})
	return outcomes
}

// catchUp waits until the daemon has seen what has just befallen its connections: it has answered several times since.
func (d *daemon) catchUp() {
	d.t.Helper()
	for range 3 {
		time.Sleep(underWay / 4)
		lab.Eventually(d.t, patience, "the daemon answers", func() bool {
			status, _ := d.Get("/livez")
			return status != 0
		})
	}
}

func sumOf(outcomes map[string]int) int {
	sum := 0
	for _, n := range outcomes {
		sum += n
	}
	return sum
}
