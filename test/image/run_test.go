package image

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// The demo keeps its stream below /tmp: a tmpfs where the root cannot be written, and else that of the image.
func TestTheDemoRunsInTheImage(t *testing.T) {
	t.Parallel()
	sum := regexp.MustCompile(`^published=([1-9][0-9]*) delivered=([0-9]+) lost=0 duplicates=0$`)
	demo := []string{image(t), "demo", "--duration", "5s"}
	for name, args := range map[string][]string{
		"with a read-only root": flags(demo[0], demo[1:]...),
		"as it is":              append([]string{"run", "--rm", "--no-healthcheck", "--network=host"}, demo...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sum.FindStringSubmatch(must(t, "podman", args...))
			if got == nil || got[1] != got[2] {
				t.Errorf("the demo says %q", got)
			}
		})
	}
}

// world is what a daemon in a container talks to, on loopback.
type world struct {
	nats     *lab.NATS
	js       jetstream.JetStream
	emulator *lab.Emulator
	config   string
	admin    string
}

// newWorld starts NATS with a stream, and an emulator, and writes a configuration for them.
func newWorld(t *testing.T, more string) *world {
	t.Helper()
	ctx := t.Context()
	server, err := rig.StartNATS(ctx)
	ok(t, err)
	conn, js, err := lab.Connect(server)
	ok(t, err)
	t.Cleanup(conn.Close)
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	ok(t, err)
	emulator, err := rig.StartEmulator(ctx)
	ok(t, err)
	w := &world{server, js, emulator, "", lab.FreeAddress()}
	w.config = fmt.Sprintf(`
nats: {url: %q}
momento: {endpoint: %q, api_key_file: /run/secrets/api-key}
admin: {listen: %q}
limits: {rate: unlimited}
routes: [{name: orders, stream: ORDERS, subject: "orders.>", cache: my-cache}]
%s`, server.URL, emulator.URL, w.admin, more)
	return w
}

// publish publishes messages to the stream.
func (w *world) publish(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		_, err := w.js.Publish(t.Context(), fmt.Sprint("orders.", i%10), fmt.Append(nil, i))
		ok(t, err)
	}
}

// accepted is how many publishes the emulator has accepted.
func (w *world) accepted() (n int) {
	var stats struct{ Accepted int }
	if w.emulator.Stats(&stats) != nil {
		return -1
	}
	return stats.Accepted
}

// await waits until the emulator has accepted so many publishes.
func (w *world) await(t *testing.T, n int) {
	t.Helper()
	lab.Eventually(t, patience, fmt.Sprint(n, " messages arrive"), func() bool { return w.accepted() == n })
}

func TestCheckRunsInTheImage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	args := append(append([]string{"run", "--rm"}, strict...), configuration(t, w.config)...)
	got := must(t, "podman", append(args, image(t), "check", "-c", "config.yaml", "--online")...)
	if !strings.Contains(got, "✓") || strings.Contains(got, "✗") {
		t.Errorf("check says\n%s", got)
	}
	wrong := configuration(t, "routes: [{name: orders, nonsense: 1}]")
	args = append(append([]string{"run", "--rm"}, strict...), wrong...)
	if o := try(t, "podman", append(args, image(t), "check", "-c", "config.yaml")...); o.status != 2 {
		t.Errorf("check of a wrong configuration ends with %d: %s%s", o.status, o.stdout, o.stderr)
	}
}

func TestTheDaemonRunsInTheImageWithoutAnyPrivilege(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	// Not even a tmpfs for /tmp: it writes no file.
	c := start(t, "plain", append(append(configuration(t, w.config), "--read-only-tmpfs=false"), image(t))...)
	w.publish(t, 100)
	w.await(t, 100)
	o := c.exec("momento-bridge", "status", "-c", "config.yaml")
	if o.status != 0 || !strings.HasPrefix(o.stdout, "✓") {
		t.Errorf("status ends with %d: %s%s", o.status, o.stdout, o.stderr)
	}
	if o := c.exec("sh", "-c", "true"); o.status == 0 {
		t.Error("there is a shell")
	}
	p := c.process()
	for name, want := range map[string]string{
		"Uid": "65532 65532 65532 65532", "Gid": "65532 65532 65532 65532", "CapEff": "0000000000000000",
		"CapBnd": "0000000000000000", "NoNewPrivs": "1",
	} {
		if p[name] != want {
			t.Errorf("%s is %s, not %s", name, p[name], want)
		}
	}
	if status := c.stop(); status != 0 {
		t.Errorf("at SIGTERM it ends with %d", status)
	}
}

// It is stopped, and another takes over: each message is published once.
func TestSIGTERMDrainsTheContainer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	ok(t, w.emulator.Set(t.Context(), `{"latency": "100ms"}`))
	const all = 500
	first := start(t, "first", append(configuration(t, w.config), image(t))...)
	w.publish(t, all)
	lab.Eventually(t, patience, "some messages have arrived", func() bool { return w.accepted() > 20 })
	if status := first.stop(); status != 0 {
		t.Errorf("at SIGTERM it ends with %d", status)
	}
	left := w.accepted()
	if left == all {
		t.Error("there was nothing left to do: the test shows nothing")
	}
	second := start(t, "second", append(configuration(t, w.config), image(t))...)
	w.await(t, all)
	if status := second.stop(); status != 0 || w.accepted() != all {
		t.Errorf("the second ends with %d, and %d messages of %d have arrived", status, w.accepted(), all)
	}
}

// The health check goes by progress alone: NATS away is healthy, a process that stands still is not.
func TestTheHealthCheckTellsADaemonThatIsStuck(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	own := inspect(t, image(t)).Healthcheck
	if own.Timeout < 10*time.Second || own.StartPeriod < time.Minute || own.Retries != 3 {
		t.Errorf("the image is checked with %+v", own)
	}
	command, err := json.Marshal(own.Test[1:])
	ok(t, err)
	// Podman takes the image's command with other times only if both are said.
	c := start(t, "health", append(append(configuration(t, w.config), "--health-cmd="+string(command),
		"--health-timeout=10s", "--health-start-period=1s", "--health-retries=1"), image(t))...)
	check := func() string {
		try(t, "podman", "healthcheck", "run", c.name)
		return c.inspect(".State.Health.Status")
	}
	lab.Eventually(t, patience, "it is healthy", func() bool { return check() == "healthy" })
	w.nats.Kill()
	if got := check(); got != "healthy" {
		t.Errorf("without NATS it is %s", got)
	}
	ok(t, syscall.Kill(c.pid(), syscall.SIGSTOP))
	lab.Eventually(t, patience, "it is unhealthy while it stands still", func() bool { return check() == "unhealthy" })
	if said := c.inspect("json .State.Health.Log"); !strings.Contains(said, "the daemon or its machine is stuck") {
		t.Errorf("the log of the checks says %s", said)
	}
	ok(t, syscall.Kill(c.pid(), syscall.SIGCONT))
	lab.Eventually(t, patience, "it is healthy again", func() bool { return check() == "healthy" })
}

// The endpoint's certificate is checked against the bundle in the image. Without it there would be no connection.
func TestTheImageHasRootCertificates(t *testing.T) {
	t.Parallel()
	image := image(t)
	w := newWorld(t, "")
	behind, err := url.Parse(w.emulator.URL)
	ok(t, err)
	pair, err := tls.LoadX509KeyPair(certificate.File, certificate.KeyFile)
	ok(t, err)
	front := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(behind))
	front.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	front.StartTLS()
	t.Cleanup(front.Close)
	w.config = strings.Replace(w.config, w.emulator.URL, front.URL, 1)
	start(t, "roots", append(configuration(t, w.config), image)...)
	w.publish(t, 10)
	w.await(t, 10)
	if n := strings.Count(read(t, mount(t, image)+"/etc/ssl/certs/ca-certificates.crt"), "BEGIN CERTIFICATE"); n < 100 {
		t.Errorf("the bundle has %d certificates", n)
	}
}

// State that is kept for after a restart is in a volume, which belongs to the container's user.
func TestTheUserMayWriteIntoAVolumeForState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "state_dir: /var/lib/momento-bridge")
	volume := "--volume=state:/var/lib/momento-bridge"
	start(t, "state", append(append(configuration(t, w.config), volume), image(t))...)
	w.publish(t, 50)
	w.await(t, 50)
	at := must(t, "podman", "volume", "inspect", "--format", "{{.Mountpoint}}", "state")
	info, err := os.Stat(at)
	ok(t, err)
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65532 || info.Mode().Perm()&0o700 != 0o700 {
		t.Errorf("the volume belongs to %d with mode %v", owner.Uid, info.Mode())
	}
}
