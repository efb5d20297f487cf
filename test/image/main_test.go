package image

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"momento-bridge/test/lab"
)

// repository is where the Dockerfile is.
const repository = "../.."

// insideKey names the variable that tells this program that it runs in its namespaces. Its value is the directory for
// all that the tests make.
const insideKey = "IMAGE_TEST_DIRECTORY"

// rig has the programs outside of images: nats-server, and the program to compare with.
var rig *lab.Lab

func TestMain(m *testing.M) {
	status := 1
	var err error
	if dir := os.Getenv(insideKey); dir == "" {
		status, err = outside()
	} else if err = enter(dir); err == nil {
		status = lab.RunTests(m, repository, "2", func(l *lab.Lab) { rig = l })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// outside fetches what needs a network, and runs this program again in namespaces of its own. Busybox is the first
// process there, which waits for those whose parents have ended; when it ends, so does all that is left.
func outside() (int, error) {
	for _, program := range []string{"buildah", "podman", "crun", "busybox", "podman-compose"} {
		if _, err := exec.LookPath(program); err != nil {
			return 1, fmt.Errorf("%w: apt-get install --no-install-recommends "+
				"buildah podman crun netavark aardvark-dns iptables busybox-static podman-compose", err)
		}
	}
	if os.Geteuid() != 0 {
		return 1, fmt.Errorf("only root can make the namespaces that the images are built and run in")
	}
	dir, err := os.MkdirTemp("/var/tmp", "image-") // Not /tmp, which may be in memory.
	if err != nil {
		return 1, fmt.Errorf("make a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := fetch(context.Background(), dir); err != nil {
		return 1, err
	}
	again := exec.Command("busybox", append([]string{"sh", "-c", `"$@"; exit $?`, "sh", os.Args[0]}, os.Args[1:]...)...)
	again.Env = append(os.Environ(), insideKey+"="+dir)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	if err := again.Run(); again.ProcessState == nil {
		return 1, fmt.Errorf("start the tests in their namespaces: %w", err)
	}
	return again.ProcessState.ExitCode(), nil
}

// enter makes the namespaces fit for containers: a /proc, a /run and a loopback device of their own, and settings of
// buildah and podman that have all files below dir.
func enter(dir string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("have mounts to ourselves: %w", err)
	}
	for _, m := range []struct{ kind, path string }{{"proc", "/proc"}, {"tmpfs", "/run"}, {"tmpfs", "/etc/cni"}} {
		if _, err := os.Stat(m.path); err != nil {
			continue
		}
		if err := syscall.Mount(m.kind, m.path, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.path, err)
		}
	}
	// Where both versions of control groups are mounted crun refuses to run.
	_ = syscall.Unmount("/sys/fs/cgroup/unified", syscall.MNT_DETACH)
	if out, err := exec.Command("busybox", "ifconfig", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("start the loopback device: %w: %s", err, out)
	}
	// Nobody looks at health but the tests: there is no systemd to do it.
	if err := os.Setenv("DISABLE_HC_SYSTEMD", "true"); err != nil {
		return fmt.Errorf("do without systemd: %w", err)
	}
	return configure(dir)
}

// configure writes the settings of buildah and podman. Limits are what any root may set.
func configure(dir string) error {
	var no, procs syscall.Rlimit
	const nproc = 6 // RLIMIT_NPROC, which package syscall has no name for.
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &no); err != nil {
		return fmt.Errorf("read limits: %w", err)
	}
	if err := syscall.Getrlimit(nproc, &procs); err != nil {
		return fmt.Errorf("read limits: %w", err)
	}
	for variable, text := range map[string]string{
		"CONTAINERS_STORAGE_CONF": fmt.Sprintf("[storage]\ndriver = %q\ngraphroot = %q\nrunroot = %q\n", driver(dir),
			filepath.Join(dir, "storage"), "/run/containers/storage"),
		"CONTAINERS_CONF": fmt.Sprintf("[containers]\ndefault_ulimits = [\"nofile=%d:%[1]d\", \"nproc=%d:%[2]d\"]\n"+
			"[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\nruntime = \"crun\"\n"+
			"[network]\nnetwork_backend = \"netavark\"\nnetwork_config_dir = %q\n", no.Cur, procs.Cur,
			filepath.Join(dir, "networks")),
	} {
		file := filepath.Join(dir, variable)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write settings: %w", err)
		}
		if err := os.Setenv(variable, file); err != nil {
			return fmt.Errorf("name the settings: %w", err)
		}
	}
	return nil
}

// driver is overlay where the file system can be its lower layer, and else the one that copies.
func driver(dir string) string {
	at := func(name string) string { return filepath.Join(dir, "overlay", name) }
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		if err := os.MkdirAll(at(name), 0o700); err != nil {
			return "vfs"
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", at("lower"), at("upper"), at("work"))
	if err := syscall.Mount("overlay", at("merged"), "overlay", 0, options); err != nil {
		return "vfs"
	}
	_ = syscall.Unmount(at("merged"), 0)
	return "overlay"
}
