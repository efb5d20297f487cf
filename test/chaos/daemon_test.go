package chaos

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
	dir := t.TempDir()
	if s.key == "" {
		path := filepath.Join(dir, "key")
		if err := os.WriteFile(path, []byte("a-key"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.key = "  api_key_file: " + path
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
	text := fmt.Sprintf("nats: {url: %q}\nmomento:\n  endpoint: %q\n%s\n%s\n%s\nroutes:\n%s\n", "nats://"+s.nats, s.endpoint, s.key, s.momento, s.more, s.routes)
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// daemon is the bridge as a process of its own.
type daemon struct {
	t     *testing.T
	cmd   *exec.Cmd
	admin string
	log   string // A file.
	ended chan struct{}
}

// startDaemon starts the bridge, without waiting until it is ready.
func startDaemon(t *testing.T, config string) *daemon {
	t.Helper()
	return startDaemonWith(t, config, nil)
}

// startDaemonWith does the same, with the command prepared further.
func startDaemonWith(t *testing.T, config string, prepare func(*daemon)) *daemon {
	t.Helper()
	address := freeAddress(t)
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d := &daemon{t: t, admin: "http://" + address, log: log.Name(), ended: make(chan struct{})}
	d.cmd = command("momento-bridge", "run", "-c", config, "--admin-listen", address)
	d.cmd.Stderr = log
	if prepare != nil {
		prepare(d)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = d.cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		d.kill()
		if text, _ := os.ReadFile(d.log); bytes.Contains(text, []byte("the daemon is stuck")) {
			t.Error("the daemon took itself for stuck")
		}
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.logged())
		}
	})
	return d
}

// kill ends the daemon with SIGKILL.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill()
	<-d.ended
}

// stop sends SIGTERM and returns the exit status.
func (d *daemon) stop() int {
	d.t.Helper()
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	return d.wait(40 * time.Second)
}

// wait returns the exit status.
func (d *daemon) wait(within time.Duration) int {
	d.t.Helper()
	select {
	case <-d.ended:
		return d.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		d.t.Fatalf("the daemon has not ended within %v", within)
		return -1
	}
}

func (d *daemon) signal(s syscall.Signal) { _ = d.cmd.Process.Signal(s) }

func (d *daemon) logged() string {
	text, _ := os.ReadFile(d.log)
	if len(text) > 20_000 {
		text = append(append(text[:10_000:10_000], "\n...\n"...), text[len(text)-10_000:]...)
	}
	return string(text)
}

// get returns a page of the admin listener, and status 0 if there is none.
func (d *daemon) get(path string) (int, string) {
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get(d.admin + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func (d *daemon) ready() bool {
	status, _ := d.get("/readyz")
	return status == http.StatusOK
}

func (d *daemon) awaitReady() {
	d.t.Helper()
	eventually(d.t, 30*time.Second, "the daemon is ready", d.ready)
}

// metric returns the sum of a metric over its children whose labels contain the text; -1 if there is none.
func (d *daemon) metric(name, labels string) float64 {
	_, body := d.get("/metrics")
	sum, found := 0.0, false
	for line := range strings.Lines(body) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || !strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, " ") || !strings.Contains(rest, labels) {
			continue
		}
		fields := strings.Fields(rest)
		if v, err := strconv.ParseFloat(fields[len(fields)-1], 64); err == nil {
			sum += v
			found = true
		}
	}
	if !found {
		return -1
	}
	return sum
}

// settledAs returns how many messages ended in one way.
func (d *daemon) settledAs(outcome string) float64 {
	return d.metric("momento_bridge_messages_settled_total", `outcome="`+outcome+`"`)
}

// cpu is what the process has used so far.
func (d *daemon) cpu() time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100.
}

// peakMemory is the most that was resident, in bytes.
func (d *daemon) peakMemory() int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kib << 10
		}
	}
	return -1
}
