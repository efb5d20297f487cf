package packages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// patience is for what takes a moment when nobody else needs the cores.
const patience = time.Minute

// machine is a Debian with its own first process. Its files are gone when the test has ended.
type machine struct {
	t      *testing.T
	leader int // The first process, as seen from outside.
}

// nspawn is the command for a machine whose files are the tree's until they are written. It has a control group of its
// own: in that of another machine the two first processes would take each other's services for theirs.
func nspawn(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	name := fmt.Sprintf("mb-%d-%d", os.Getpid(), machines.Add(1))
	enter := "exec \"$@\""
	for _, hierarchy := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(hierarchy + "/cgroup.procs"); err != nil {
			continue
		}
		group := filepath.Join(hierarchy, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = exec.Command("find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+").Run() })
		enter = "echo $$ >" + group + "/cgroup.procs && " + enter
	}
	return exec.Command("sh", append([]string{
		"-c", enter, "sh", "systemd-nspawn", "--quiet", "--directory", tree, "--machine", name, "--volatile=overlay",
		"--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off", "--console=pipe",
		"--bind-ro=" + shelf + ":/packages",
	}, args...)...)
}

// machines is how many there have been.
var machines atomic.Int64

// boot starts a machine and waits until all of its units have started.
func boot(t *testing.T) *machine {
	t.Helper()
	p, err := rig.StartCommand(nspawn(t, "--boot"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() }) // In order.
	m := &machine{t: t}
	if err := lab.Await(t.Context(), patience, "the machine is up", func() bool {
		if m.leader = leaderOf(p.PID()); m.leader == 0 {
			return p.Ended()
		}
		state, _ := m.run("systemctl", "is-system-running")
		return strings.TrimSpace(state) == "running" || p.Ended()
	}); err != nil {
		jobs, _ := m.run("systemctl", "list-jobs")
		failed, _ := m.run("systemctl", "--failed")
		t.Fatalf("%v\n%s%s%s", err, p.Output(), jobs, failed)
	}
	if p.Ended() {
		t.Fatalf("the machine does not boot:\n%s", p.Output())
	}
	return m
}

// leaderOf is the first process of the machine of an nspawn, as seen from outside; 0: there is none yet.
func leaderOf(nspawn int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", nspawn, nspawn))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); strings.TrimSpace(string(name)) != "systemd" {
		return 0
	}
	return pid
}

// run runs a command in the machine, and returns what it wrote and its exit status.
func (m *machine) run(args ...string) (string, int) { return m.runWith("", args...) }

func (m *machine) runWith(input string, args ...string) (string, int) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{
		"--target", strconv.Itoa(m.leader), "--all", "env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8", "TERM=dumb", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=",
	}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.String(), failed.ExitCode()
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return out.String(), 0
}

// must runs a command that has to succeed, and returns what it wrote.
func (m *machine) must(args ...string) string {
	m.t.Helper()
	out, status := m.run(args...)
	if status != 0 {
		m.t.Fatalf("%s:\nexit status %d\n%s", strings.Join(args, " "), status, out)
	}
	return out
}

// refused runs a command that has to fail, and returns what it wrote.
func (m *machine) refused(args ...string) string {
	m.t.Helper()
	out, status := m.run(args...)
	if status == 0 {
		m.t.Fatalf("%s: succeeded\n%s", strings.Join(args, " "), out)
	}
	return out
}

// write writes a file that root alone can read, and nobody if it is a key.
func (m *machine) write(path, mode, text string) {
	m.t.Helper()
	if out, status := m.runWith(text, "install", "-D", "-m", mode, "/dev/stdin", path); status != 0 {
		m.t.Fatalf("write %s: %s", path, out)
	}
}

// files are the paths of all files and directories but those that come and go by themselves.
func (m *machine) files() map[string]bool {
	m.t.Helper()
	found := m.must("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/sys", "-o", "-path", "/packages",
		"-o", "-path", "/var/log", "-o", "-path", "/var/lib/dpkg", "-o", "-path", "/root/.rpmdb", "-o", "-path",
		"/var/cache", ")", "-prune", "-o", "-print")
	all := map[string]bool{}
	for line := range strings.Lines(found) {
		all[filepath.Clean(strings.TrimSpace(line))] = true
	}
	return all
}

// property is what systemd says of the service.
func (m *machine) property(name string) string {
	m.t.Helper()
	return strings.TrimSpace(m.must("systemctl", "show", "--property="+name, "--value", "momento-bridge"))
}

// journal is what the service has written, and systemd about it.
func (m *machine) journal() string {
	m.t.Helper()
	return m.must("journalctl", "--unit=momento-bridge", "--output=cat", "--no-pager")
}

// awaitJournal waits for a text in the journal.
func (m *machine) awaitJournal(text string) {
	m.t.Helper()
	if err := lab.Await(m.t.Context(), patience, text, func() bool {
		return strings.Contains(m.journal(), text)
	}); err != nil {
		m.t.Fatalf("%v\n%s", err, lab.Brief(m.journal()))
	}
}
