package packages

import (
	"strings"
	"testing"

	"momento-bridge/test/lab"
)

// The service carries an ordered route with a quota below what comes, so that messages wait all the time. It is
// upgraded, installed again, downgraded and upgraded again while the publisher goes on.
func TestNoMessageIsLostOrRepeatedByAnUpgrade(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := k.configured(t)
			m.must("systemctl", "enable", "--now", "momento-bridge")
			stop := w.publish()
			w.awaitServed(versions.before)
			m.must("momento-bridge", "pause", "held", "--admin", w.admin)

			for _, step := range []struct {
				command       []string
				file, version string
			}{
				{k.upgrade, now, versions.now},
				{k.again, now, versions.now},
				{k.downgrade, before, versions.before},
				{k.upgrade, now, versions.now},
			} {
				pid := m.property("MainPID")
				t.Log(m.must(k.of(step.command, step.file)...))
				lab.Eventually(t, patience, "another process", func() bool { return m.property("MainPID") != pid })
				w.awaitServed(step.version)
				pause := map[string]string{before: "2s", now: "1s"}[step.file]
				if got := m.property("RestartUSec"); got != pause || m.property("NeedDaemonReload") != "no" {
					t.Errorf("%s pauses for %s between restarts, want %s", step.file, got, pause)
				}
			}
			w.settle(stop())

			if text := m.must("cat", "/etc/momento-bridge/config.yaml"); text != w.config() {
				t.Errorf("the configuration has become\n%s", text)
			}
			if text := m.must("cat", k.newDefault); !strings.Contains(text, "api-key") {
				t.Errorf("the new default is\n%s", text)
			}
			if mode := m.must("stat", "-c", "%a %U", "/etc/momento-bridge/api-key"); mode != "600 root\n" {
				t.Errorf("the key is %s", mode)
			}
			w.checkHeld()
			if state := m.must("systemctl", "is-enabled", "momento-bridge"); state != "enabled\n" {
				t.Errorf("the service is %s", state)
			}
			checkDrained(t, m.journal())
		})
	}
}

// checkHeld sees that a pause, which is part of the state, has outlasted everything.
func (w *world) checkHeld() {
	w.t.Helper()
	for _, r := range w.ask().Routes {
		if want := map[string]string{"held": "paused"}[r.Name]; want != "" && r.State != want {
			w.t.Errorf("route %s is %s, want %s", r.Name, r.State, want)
		}
	}
}

// checkDrained sees that each stop of the service was clean.
func checkDrained(t *testing.T, journal string) {
	t.Helper()
	const clean = "stopped: every message that was held is settled or handed back"
	if n := strings.Count(journal, clean); n != 4 || strings.Contains(journal, `"level":"ERROR"`) {
		t.Errorf("%d clean stops of 4:\n%s", n, lab.Brief(journal))
	}
}

// A service that does not run is not started by an upgrade, nor one that policy keeps from being restarted.
func TestUpgradeRestartsOnlyWhatRuns(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := k.configured(t)
			m.must("systemctl", "start", "momento-bridge")
			m.write("/usr/sbin/policy-rc.d", "0755", "#!/bin/sh\nexit 101\n")
			if said := m.must(k.of(k.upgrade, now)...); !strings.Contains(said, "not restarted, as policy-rc.d says") {
				t.Errorf("said is\n%s", said)
			}
			if a := w.ask(); a.Version != versions.before {
				t.Errorf("%s runs, want the one before", a.Version)
			}
			m.must("rm", "/usr/sbin/policy-rc.d")
			m.must("systemctl", "stop", "momento-bridge")
			m.must(k.of(k.downgrade, before)...)
			m.must(k.of(k.upgrade, now)...)
			if state := m.property("ActiveState"); state != "inactive" {
				t.Errorf("the service is %s, want inactive", state)
			}
		})
	}
}

// A service that would not start again is left alone, as it carries messages.
func TestUpgradeLeavesAServiceAloneWhoseConfigurationTheNewVersionRefuses(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := k.configured(t)
			m.must("systemctl", "start", "momento-bridge")
			m.write("/etc/momento-bridge/config.yaml", "0644", w.config()+"unheard_of: true\n")
			said := m.must(k.of(k.upgrade, now)...)
			if !strings.Contains(said, `unknown key "unheard_of"`) || !strings.Contains(said, "NOT RESTARTED") {
				t.Errorf("said is\n%s", said)
			}
			if a := w.ask(); a.Version != versions.before || !a.Ready {
				t.Errorf("what runs is %+v, want the version before", a)
			}
			said = m.refused("systemctl", "reload", "momento-bridge")
			m.awaitJournal(`unknown key "unheard_of"`)
			if state := m.property("ActiveState"); state != "active" {
				t.Errorf("after the reload the service is %s:\n%s", state, said)
			}
			w.configure(m)
			m.must("systemctl", "reload", "momento-bridge")
			m.must("systemctl", "restart", "momento-bridge")
			if a := w.ask(); a.Version != versions.now {
				t.Errorf("%s runs, want the new one", a.Version)
			}
		})
	}
}

// A unit that was masked while it runs can be stopped, and not started: an upgrade and a removal end all the same.
func TestUpgradeAndRemovalEndWhereTheUnitIsMasked(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := k.configured(t)
			m.must("systemctl", "start", "momento-bridge")
			m.must("systemctl", "mask", "momento-bridge")
			if said := m.must(k.of(k.upgrade, now)...); !strings.Contains(said, "not restarted") {
				t.Errorf("said is\n%s", said)
			}
			if a := w.ask(); a.Version != versions.before {
				t.Errorf("what runs is %+v, want the version before", a)
			}
			m.must(k.remove...)
			if a := w.ask(); a.Version != "" {
				t.Errorf("%s still runs", a.Version)
			}
		})
	}
}

// A drop-in may have the service run with another file, which is the one that counts.
func TestUpgradeAsksWhetherItStartsAsTheServiceWasStarted(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := newWorld(t), boot(t)
			runs := func(version string) {
				t.Helper()
				lab.Eventually(t, patience, version+" runs", func() bool { return w.ask().Version == version })
			}
			m.must(k.of(k.install, before)...)
			w.configure(m)
			m.write("/etc/momento-bridge/other.yaml", "0644", w.config())
			m.write("/etc/momento-bridge/config.yaml", "0644", w.config()+"unheard_of: true\n")
			m.must("mkdir", "-p", "/etc/systemd/system/momento-bridge.service.d")
			m.write("/etc/systemd/system/momento-bridge.service.d/file.conf", "0644", "[Service]\n"+
				"WorkingDirectory=/etc/momento-bridge\nEnvironment=\"ODD=a b\\nc\"\n"+
				"ExecStart=\nExecStart=/usr/bin/momento-bridge run -c other.yaml --log-level debug\n")
			m.must("systemctl", "daemon-reload")
			m.must("systemctl", "start", "momento-bridge")
			said := m.must(k.of(k.upgrade, now)...)
			if strings.Contains(said, "NOT RESTARTED") {
				t.Errorf("said is\n%s", said)
			}
			runs(versions.now)
			m.must(k.of(k.downgrade, before)...)
			runs(versions.before)
			m.write("/etc/momento-bridge/other.yaml", "0644", w.config()+"unheard_of: true\n")
			said = m.must(k.of(k.upgrade, now)...)
			if !strings.Contains(said, `unknown key "unheard_of"`) || !strings.Contains(said, "NOT RESTARTED") {
				t.Errorf("said is\n%s", said)
			}
			if a := w.ask(); a.Version != versions.before {
				t.Errorf("what runs is %+v, want the version before", a)
			}
		})
	}
}

// The package manager does not wait for a NATS that is away, whether the service ran before or was waiting, too.
func TestUpgradeAndRemovalEndWhileNATSIsAway(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := k.configured(t)
			m.must("systemctl", "start", "momento-bridge")
			w.nats.Kill()
			m.must(k.of(k.upgrade, now)...)
			lab.Eventually(t, patience, "the new version waits for NATS", func() bool {
				return w.ask().Version == versions.now && m.property("ActiveState") == "activating"
			})
			m.must(k.of(k.downgrade, before)...)
			lab.Eventually(t, patience, "the version before waits for NATS", func() bool {
				return w.ask().Version == versions.before && m.property("ActiveState") == "activating"
			})
			m.must(k.of(k.upgrade, now)...)
			lab.Eventually(t, patience, "the new version is back", func() bool {
				return w.ask().Version == versions.now
			})
			if err := w.nats.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			lab.Eventually(t, patience, "the new version is ready", func() bool { return w.ask().Ready })
			w.nats.Kill()
			m.must(k.remove...)
			if w.ask().Version != "" {
				t.Error("the service still runs")
			}
		})
	}
}
