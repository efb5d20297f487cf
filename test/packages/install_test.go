package packages

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"momento-bridge/test/lab"
)

// unitFile is where packages have the unit.
const unitFile = "/usr/lib/systemd/system/momento-bridge.service"

func TestInstallingStartsNothingAndEnableDoes(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := newWorld(t), boot(t)
			said := m.must(k.of(k.install, now)...)
			if !strings.Contains(said, "installed, not started") {
				t.Errorf("said is\n%s", said)
			}
			if active, enabled := m.property("ActiveState"), m.property("UnitFileState"); active != "inactive" ||
				enabled != "disabled" {
				t.Errorf("the service is %s and %s", active, enabled)
			}
			if out := m.must("systemd-analyze", "verify", unitFile); out != "" {
				t.Errorf("of the unit is said\n%s", out)
			}
			// The threshold is in tenths.
			judged := m.must("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", unitFile)
			t.Log(lastLine(judged))
			w.configure(m)
			m.must("systemctl", "enable", "--now", "momento-bridge")
			if a := w.ask(); a.Version != versions.now || !a.Ready {
				t.Errorf("what answers is %+v", a)
			}
			checkConfined(t, m)
		})
	}
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// checkConfined sees that the kernel knows of what the unit asks for.
func checkConfined(t *testing.T, m *machine) {
	t.Helper()
	pid := m.property("MainPID")
	status := m.must("cat", "/proc/"+pid+"/status")
	for _, want := range []string{"NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000"} {
		if !strings.Contains(status, want) {
			t.Errorf("the process has no %q", want)
		}
	}
	var uid int
	_, of, _ := strings.Cut(status, "Uid:")
	if _, err := fmt.Sscan(of, &uid); err != nil || uid < 61184 || uid > 65519 {
		t.Errorf("the process runs as %d, want a user of systemd's own", uid)
	}
	if env := m.must("cat", "/proc/"+pid+"/environ"); strings.Contains(env, key) {
		t.Error("the key is in the environment")
	}
	if state := m.must("stat", "-L", "-c", "%a %u", "/var/lib/momento-bridge/"); state != fmt.Sprintf("700 %d\n", uid) {
		t.Errorf("the state directory is %s", state)
	}
}

// A directory that becomes a machine later, such as an image's.
func TestInstallsWhereSystemdDoesNotRun(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			script := strings.Join([]string{
				strings.Join(k.of(k.install, before), " "), strings.Join(k.of(k.upgrade, now), " "),
				"systemctl enable momento-bridge", strings.Join(k.remove, " "),
				"test ! -e /etc/systemd/system/multi-user.target.wants/momento-bridge.service", "echo all of it",
			}, " && ")
			out, err := nspawn(t, "sh", "-c", script).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "\nall of it\n") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestRemovalLeavesTheOperatorsFilesAndPurgeNone(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := newWorld(t), boot(t)
			clean := m.files()
			m.must(k.of(k.install, now)...)
			w.configure(m)
			m.must("systemctl", "enable", "--now", "momento-bridge")
			m.must("momento-bridge", "pause", "held", "--admin", w.admin)
			m.must(k.remove...)
			if w.ask().Version != "" {
				t.Error("the service still runs")
			}
			if failed := m.must("systemctl", "--failed", "--quiet"); failed != "" {
				t.Errorf("failed units: %s", failed)
			}
			left := remain(clean, m.files())
			t.Logf("left after the removal:\n%s", strings.Join(left, "\n"))
			config := "/etc/momento-bridge/config.yaml"
			if k.name == "deb" {
				checkSame(t, left, append([]string{
					"/etc/momento-bridge", "/etc/momento-bridge/api-key", config,
				}, state...))
				m.must("dpkg", "--purge", "momento-bridge")
			} else {
				checkSame(t, left, append([]string{
					"/etc/momento-bridge", "/etc/momento-bridge/api-key", config + ".rpmsave",
				}, state...))
				m.must("rm", "-r", "/etc/momento-bridge", "/var/lib/momento-bridge", "/var/lib/private/momento-bridge")
			}
			checkSame(t, remain(clean, m.files()), nil)
		})
	}
}

// state is what the service leaves, in a directory of its own.
var state = []string{"/var/lib/momento-bridge", "/var/lib/private/momento-bridge"}

// shared are directories of the distribution, which this Debian is too small to have.
var shared = []string{"/usr/share/fish", "/usr/share/fish/vendor_completions.d", "/usr/share/zsh/site-functions"}

// remain are the paths that were not there, but for shared ones and those inside of the state directory.
func remain(before, after map[string]bool) []string {
	var all []string
	for path := range after {
		if !before[path] && !slices.Contains(shared, path) && !strings.HasPrefix(path, state[1]+"/") {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

func checkSame(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}

// What an operator reads first when something is missing.
func TestServiceWithoutAKeySaysWhereItBelongs(t *testing.T) {
	t.Parallel()
	m := boot(t)
	m.must(kinds[0].of(kinds[0].install, now)...)
	m.refused("systemctl", "start", "momento-bridge")
	m.awaitJournal("write the key into the file that LoadCredential of the unit names (/etc/momento-bridge/api-key)")
	lab.Eventually(t, patience, "the service waits for its next start", func() bool {
		return m.property("SubState") == "auto-restart"
	})
	text, _ := m.run("systemctl", "status", "--full", "--no-pager", "momento-bridge")
	if _, status, _ := strings.Cut(text, "Status: "); !strings.Contains(status, "(/etc/momento-bridge/api-key)") {
		t.Errorf("systemctl status shows\n%s", text)
	}
	said := m.refused("momento-bridge", "check", "-c", "/etc/momento-bridge/config.yaml", "--api-key-file", "/none")
	if strings.Count(said, "/etc/momento-bridge/config.yaml:") > 0 {
		t.Errorf("the default configuration has more problems than its key:\n%s", said)
	}
	m.write("/etc/momento-bridge/api-key", "0600", key)
	m.must("momento-bridge", "check", "-c", "/etc/momento-bridge/config.yaml", "--api-key-file",
		"/etc/momento-bridge/api-key")
}

// A daemon that hangs is ended, and started again, though its exit status is that of a wrong configuration.
func TestWatchdogRestartsAServiceThatHangs(t *testing.T) {
	t.Parallel()
	w, m := newWorld(t), boot(t)
	m.must(kinds[0].of(kinds[0].install, now)...)
	w.configure(m)
	m.write("/etc/systemd/system/momento-bridge.service.d/soon.conf", "0644", "[Service]\nWatchdogSec=3s\n")
	m.must("systemctl", "daemon-reload")
	m.must("systemctl", "start", "momento-bridge")
	pid := m.property("MainPID")
	m.must("kill", "-STOP", pid)
	m.awaitJournal("Watchdog timeout")
	lab.Eventually(t, patience, "another process", func() bool {
		return m.property("NRestarts") == "1" && w.ask().Ready
	})
	if !strings.Contains(m.journal(), "goroutine ") {
		t.Errorf("the journal has no goroutines:\n%s", lab.Brief(m.journal()))
	}
}
