package image

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/nats-io/nats.go"

	"momento-bridge/test/lab"
)

const example = repository + "/examples/compose"

// project reads a compose file as docker compose does: strictly, with all of its profiles.
func project(t *testing.T, file string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{file}, cli.WithProfiles([]string{"*"}),
		cli.WithInterpolation(true), cli.WithConsistency(true))
	ok(t, err)
	p, err := options.LoadProject(t.Context())
	ok(t, err)
	return p
}

// Ports are open on loopback only, and what is mounted exists.
func TestComposeFilesAreValid(t *testing.T) {
	t.Parallel()
	for _, file := range []string{example + "/compose.yaml", repository + "/grafana/compose.yaml"} {
		for name, s := range project(t, file).Services {
			for _, p := range s.Ports {
				if p.HostIP != "127.0.0.1" {
					t.Errorf("%s: %s is open on %q", file, name, p.HostIP)
				}
			}
			for _, v := range s.Volumes {
				if _, err := os.Stat(v.Source); v.Type == types.VolumeTypeBind && (err != nil || !v.ReadOnly) {
					t.Errorf("%s: %s mounts %s: %v", file, name, v.Source, err)
				}
			}
			for other := range s.DependsOn {
				if _, err := project(t, file).GetService(other); err != nil {
					t.Errorf("%s: %s: %v", file, name, err)
				}
			}
		}
	}
}

func TestTheExampleGivesTheBridgeTimeToStopAndNoPrivileges(t *testing.T) {
	t.Parallel()
	bridge := project(t, example+"/compose.yaml").Services["momento-bridge"]
	const shutdown = 20 * time.Second
	if !strings.Contains(read(t, example+"/config.yaml"), "shutdown_timeout: 20s") ||
		bridge.StopGracePeriod == nil || time.Duration(*bridge.StopGracePeriod) < shutdown+5*time.Second {
		t.Errorf("it has %v to stop", bridge.StopGracePeriod)
	}
	if !bridge.ReadOnly || len(bridge.CapDrop) != 1 || bridge.CapDrop[0] != "ALL" || len(bridge.SecurityOpt) != 1 {
		t.Errorf("it may write: %v, drops %v, and has %v", !bridge.ReadOnly, bridge.CapDrop, bridge.SecurityOpt)
	}
	if bridge.DependsOn["nats"].Condition != types.ServiceConditionHealthy ||
		bridge.DependsOn["stream"].Condition != types.ServiceConditionCompletedSuccessfully {
		t.Errorf("it waits for %v", bridge.DependsOn)
	}
}

// Both compose files have the same Prometheus and Grafana, with the same provisioning.
func TestBothCompositionsHaveTheSameGrafana(t *testing.T) {
	t.Parallel()
	ours, demo := project(t, example+"/compose.yaml").Services, project(t, repository+"/grafana/compose.yaml").Services
	for _, name := range []string{"prometheus", "grafana"} {
		if strings.TrimPrefix(ours[name].Image, "docker.io/") != demo[name].Image {
			t.Errorf("%s is %s and %s", name, ours[name].Image, demo[name].Image)
		}
	}
	a, b := ours["grafana"], demo["grafana"]
	if fmt.Sprint(a.Volumes) != fmt.Sprint(b.Volumes) || len(a.Environment) != len(b.Environment) {
		t.Errorf("grafana mounts %v and %v", a.Volumes, b.Volumes)
	}
	for key, value := range b.Environment {
		if a.Environment[key] == nil || *a.Environment[key] != *value {
			t.Errorf("%s is not %s", key, *value)
		}
	}
}

// played makes the images of others that the example names.
func played(t *testing.T) {
	t.Helper()
	for service, c := range map[string]struct{ program, dockerfile string }{
		"nats":   {"nats-server", "ENTRYPOINT [\"/bin/nats-server\"]\nCMD [\"--config\", \"nats-server.conf\"]\n"},
		"stream": {"nats", "CMD [\"/bin/sh\", \"-l\"]\n"},
	} {
		dir := busyboxes(t, service, "FROM scratch\nCOPY busybox "+c.program+" /bin/\n"+
			"RUN [\"/bin/busybox\", \"--install\", \"/bin\"]\nENV PATH=/bin\n"+c.dockerfile)
		copyFile(t, filepath.Join(os.Getenv(insideKey), "bin", c.program), filepath.Join(dir, c.program))
		must(t, "buildah", "build", "--isolation", "chroot", "--quiet", "--tag",
			project(t, example+"/compose.yaml").Services[service].Image, dir)
	}
}

// The whole example, as podman-compose runs it: its network, its names, its secret, its volumes.
func TestTheExampleRuns(t *testing.T) {
	image(t)
	played(t)
	dir, err := rig.Scratch("example")
	ok(t, err)
	ok(t, os.Chmod(dir, 0o755))
	for _, file := range []string{"compose.yaml", "config.yaml", "prometheus.yml"} {
		copyFile(t, filepath.Join(example, file), filepath.Join(dir, file))
	}
	write(t, dir, "api-key.txt", "a-key-for-nobody\n")
	compose := func(args ...string) []string {
		return append([]string{"-f", filepath.Join(dir, "compose.yaml"), "-p", "example"}, args...)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(cleanup("podman", "ps", "--all").stdout)
			for _, name := range []string{"example_momento-bridge_1", "example_stream_1"} {
				o := cleanup("podman", "logs", name)
				t.Logf("%s wrote:\n%s\n%s", name, lab.Brief(o.stdout), lab.Brief(o.stderr))
			}
		}
		cleanup("podman-compose", compose("down", "--volumes")...)
	})
	must(t, "podman-compose", compose("up", "--detach", "--no-build")...)
	bridge := container{t, "example_momento-bridge_1"}
	healthy(t, container{t, "example_nats_1"})
	ready(t)
	healthy(t, bridge)
	publish(t, 200)
	arrived(t, 200)
	for _, words := range shown(t, "exec", 3) {
		if o := (container{t, "example_" + words[0] + "_1"}).exec(words[1:]...); o.status != 0 {
			t.Errorf("%q says %s%s", words, o.stdout, o.stderr)
		}
	}
	// By the name by which Prometheus asks.
	o := container{t, "example_nats_1"}.exec("wget", "-q", "-O", "-", "http://momento-bridge:9464/metrics")
	if !strings.Contains(o.stdout, "momento_bridge_") {
		t.Errorf("metrics are %q%s", o.stdout, o.stderr)
	}
	// Stopped and started again, it goes on.
	began := time.Now()
	must(t, "podman-compose", compose("stop", "momento-bridge")...)
	if status := bridge.inspect(".State.ExitCode"); status != "0" || time.Since(began) > 30*time.Second {
		t.Errorf("it ends with %s after %v", status, time.Since(began))
	}
	publish(t, 100)
	must(t, "podman-compose", compose("start", "momento-bridge")...)
	arrived(t, 300)
	// Sent by the command line of NATS, seen by a subscriber.
	must(t, "podman-compose", compose(append([]string{"run"}, shown(t, "run", 1)[0]...)...)...)
	arrived(t, 301)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://127.0.0.1:8080/topics/my-cache/orders-berlin", http.NoBody)
	ok(t, err)
	req.Header.Set("Authorization", "any-key")
	resp, err := http.DefaultClient.Do(req)
	ok(t, err)
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), `"binary":"aGVsbG8="`) {
		t.Errorf("a subscriber gets %s: %v", body, err)
	}
}

// shown returns what README.md shows behind "docker compose" and a verb, so many times.
func shown(t *testing.T, verb string, times int) (commands [][]string) {
	t.Helper()
	for line := range strings.Lines(read(t, example+"/README.md")) {
		if rest, is := strings.CutPrefix(line, "docker compose "+verb+" "); is {
			commands = append(commands, strings.Fields(rest))
		}
	}
	if len(commands) != times {
		t.Fatalf("README.md shows %q", commands)
	}
	return commands
}

// healthy waits until a container's own health check says so.
func healthy(t *testing.T, c container) {
	t.Helper()
	lab.Eventually(t, patience, c.name+" is healthy", func() bool {
		return try(t, "podman", "healthcheck", "run", c.name).status == 0
	})
}

// ready waits until the bridge of the example is.
func ready(t *testing.T) {
	t.Helper()
	lab.Eventually(t, patience, "the bridge is ready", func() bool {
		resp, err := http.Get("http://127.0.0.1:9464/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// publish publishes messages to the NATS of the example.
func publish(t *testing.T, n int) {
	t.Helper()
	conn, err := nats.Connect("nats://" + net.JoinHostPort("127.0.0.1", "4222"))
	ok(t, err)
	defer conn.Close()
	for i := range n {
		_, err := conn.Request(fmt.Sprint("orders.", i%10), fmt.Append(nil, i), patience) // The stream's answer.
		ok(t, err)
	}
}

// arrived waits until the endpoint of the example has accepted so many messages.
func arrived(t *testing.T, n int) {
	t.Helper()
	w := world{emulator: &lab.Emulator{URL: "http://127.0.0.1:8080"}}
	w.await(t, n)
}
