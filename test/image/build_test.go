package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"momento-bridge/test/lab"
)

// What the image of the other tests is built with.
const (
	version  = "v1.2.3"
	revision = "0123456789abcdef0123456789abcdef01234567"
	created  = "2026-01-02T03:04:05Z"
	epoch    = "1767323045" // The same, in seconds.
)

var arguments = []string{
	"--build-arg", "VERSION=" + version, "--build-arg", "REVISION=" + revision, "--build-arg", "CREATED=" + created,
	"--timestamp", epoch,
}

var (
	once        sync.Mutex // Guards the following.
	built       = map[string]bool{}
	certificate lab.Certificate // That the images trust.
)

// only does something the first time that it is asked for by a name.
func only(t *testing.T, name string, do func()) {
	t.Helper()
	once.Lock()
	defer once.Unlock()
	if !built[name] {
		do()
		built[name] = true
	}
}

// image returns the name of the image for this machine.
func image(t *testing.T) string {
	t.Helper()
	const name = "localhost/momento-bridge:latest"
	only(t, name, func() { build(t, repository, name) })
	return name
}

// slim returns the name of the image without the embedded NATS server.
func slim(t *testing.T) string {
	t.Helper()
	const name = "localhost/momento-bridge:slim"
	only(t, name, func() { build(t, repository, name, "--build-arg", "TAGS=slim") })
	return name
}

// build builds an image by the Dockerfile of a directory. The format of Docker alone has health checks.
func build(t *testing.T, dir, name string, more ...string) {
	t.Helper()
	base(t)
	args := []string{"build", "--format", "docker", "--isolation", "chroot", "--pull=never", "--quiet"}
	for from, to := range map[string]string{
		"GOROOT": "/usr/local/go:ro", "GOMODCACHE": "/go/pkg/mod", "GOCACHE": "/root/.cache/go-build",
	} {
		out, err := exec.CommandContext(t.Context(), "go", "env", from).Output()
		ok(t, err)
		args = append(args, "--volume", strings.TrimSpace(string(out))+":"+to)
	}
	if name != "" {
		args = append(args, "--tag", name)
	}
	must(t, "buildah", append(append(append(args, arguments...), more...), dir)...)
}

var golang sync.Once

// base makes the image that the Dockerfile builds on: busybox, a bundle of root certificates with one of ours in it,
// and a place for the machine's Go.
func base(t *testing.T) {
	t.Helper()
	golang.Do(func() {
		dir := busyboxes(t, "golang", `FROM scratch
COPY busybox /bin/busybox
COPY ca-certificates.crt /etc/ssl/certs/
RUN ["/bin/busybox", "--install", "/bin"]
RUN mkdir -m 1777 /tmp
ENV PATH=/usr/local/go/bin:/bin GOPATH=/go GOCACHE=/root/.cache/go-build GOTOOLCHAIN=local GOPROXY=off
`)
		var err error
		certificate, err = lab.NewCertificate(rig.Dir)
		ok(t, err)
		roots, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
		ok(t, err)
		ours, err := os.ReadFile(certificate.File)
		ok(t, err)
		write(t, dir, "ca-certificates.crt", string(roots)+string(ours))
		must(t, "buildah", "build", "--isolation", "chroot", "--quiet", "--tag", builder(t), dir)
	})
}

// builder is the name of the image that the Dockerfile builds on.
func builder(t *testing.T) string {
	t.Helper()
	for line := range strings.Lines(read(t, filepath.Join(repository, "Dockerfile"))) {
		if name, found := strings.CutPrefix(line, "ARG GO_IMAGE="); found {
			return strings.TrimSpace(name)
		}
	}
	t.Fatal("the Dockerfile names no image to build on")
	return ""
}

// busyboxes makes a directory with busybox to build an image from.
func busyboxes(t *testing.T, name, dockerfile string) string {
	t.Helper()
	dir, err := rig.Scratch(name)
	ok(t, err)
	write(t, dir, "Dockerfile", dockerfile)
	busybox, err := exec.LookPath("busybox")
	ok(t, err)
	copyFile(t, busybox, filepath.Join(dir, "busybox"))
	return dir
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	ok(t, err)
	return string(data)
}
