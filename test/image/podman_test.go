package image

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// patience is how long something may take that takes a moment, on a machine that does much else.
const patience = 2 * time.Minute

// strict is how a container runs that gets nothing that it does not need.
var strict = []string{"--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--network=host"}

// flags are the arguments of podman that run an image and remove the container afterwards.
func flags(image string, args ...string) []string {
	return append(append(append([]string{"run", "--rm", "--no-healthcheck"}, strict...), image), args...)
}

// mount mounts an image until the end of the test, and returns where.
func mount(t *testing.T, image string) string {
	t.Helper()
	path := must(t, "podman", "image", "mount", image)
	t.Cleanup(func() { cleanup("podman", "image", "unmount", image) })
	return path
}

// container is a container that runs, until the end of the test.
type container struct {
	t    *testing.T
	name string
}

// start runs a container with flags of podman, the name of the image and arguments of the program.
func start(t *testing.T, name string, args ...string) container {
	t.Helper()
	must(t, "podman", append(append([]string{"run", "--detach", "--name", name}, strict...), args...)...)
	c := container{t, name}
	t.Cleanup(func() {
		if t.Failed() {
			o := cleanup("podman", "logs", name)
			t.Logf("%s wrote:\n%s\n%s", name, lab.Brief(o.stdout), lab.Brief(o.stderr))
		}
		cleanup("podman", "rm", "--force", "--time", "0", name)
	})
	return c
}

// exec runs a command of the image in the container.
func (c container) exec(args ...string) outcome {
	c.t.Helper()
	return try(c.t, "podman", append([]string{"exec", c.name}, args...)...)
}

// inspect is what podman knows of the container.
func (c container) inspect(what string) string {
	c.t.Helper()
	return must(c.t, "podman", "inspect", "--format", "{{"+what+"}}", c.name)
}

// pid is the number of the container's process.
func (c container) pid() int {
	c.t.Helper()
	pid, err := strconv.Atoi(c.inspect(".State.Pid"))
	ok(c.t, err)
	return pid
}

// process returns lines of what the kernel knows of the container's process, by their names.
func (c container) process() map[string]string {
	c.t.Helper()
	lines := map[string]string{}
	for line := range strings.Lines(read(c.t, filepath.Join("/proc", strconv.Itoa(c.pid()), "status"))) {
		name, value, _ := strings.Cut(line, ":")
		lines[name] = strings.Join(strings.Fields(value), " ")
	}
	return lines
}

// stop stops the container as an orchestrator does, and returns the exit status of its process.
func (c container) stop() int {
	c.t.Helper()
	must(c.t, "podman", "stop", "--time", "60", c.name)
	status, err := strconv.Atoi(c.inspect(".State.ExitCode"))
	ok(c.t, err)
	return status
}

// mounted is the flag that mounts a file for reading.
func mounted(file, at string) string { return "--volume=" + file + ":" + at + ":ro" }

// configuration writes the configuration of a container, and a key, readable for its user.
func configuration(t *testing.T, text string) []string {
	t.Helper()
	dir, err := rig.Scratch("etc")
	ok(t, err)
	ok(t, os.Chmod(dir, 0o755))
	file, key := write(t, dir, "config.yaml", text), write(t, dir, "api-key", "a-key-for-nobody")
	ok(t, os.Chown(key, 65532, 65532))
	ok(t, os.Chmod(key, 0o400))
	return []string{mounted(file, "/etc/momento-bridge/config.yaml"), mounted(key, "/run/secrets/api-key")}
}
