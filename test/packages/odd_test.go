package packages

import (
	"strings"
	"testing"

	"momento-bridge/test/lab"
)

// Whoever has deleted the configuration of a running service has not asked for another one.
func TestUpgradeDoesNotRunADefaultInPlaceOfADeletedConfiguration(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := k.configured(t)
			m.must("systemctl", "enable", "--now", "momento-bridge")
			m.must("rm", "/etc/momento-bridge/config.yaml")
			said := m.must(k.of(k.upgrade, now)...)
			if !strings.Contains(said, "NOT RESTARTED") {
				t.Errorf("said is\n%s", said)
			}
			if a := w.ask(); a.Version != versions.before || !a.Ready {
				t.Errorf("what runs is %+v, want the version before", a)
			}
			if m.refused("cat", "/etc/momento-bridge/config.yaml"); m.must("cat", k.newDefault) == "" {
				t.Error("there is no default to begin with")
			}
			w.configure(m)
			m.must("systemctl", "restart", "momento-bridge")
			if a := w.ask(); a.Version != versions.now || !a.Ready {
				t.Errorf("what runs is %+v, want the new one", a)
			}
		})
	}
}

// A package that was purged, or removed with all that it left, is installed as the first time.
func TestReinstallationAfterAPurgeIsAsTheFirst(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w, m := newWorld(t), boot(t)
			m.must(k.of(k.install, now)...)
			first := m.must("cat", "/etc/momento-bridge/config.yaml")
			w.configure(m)
			m.must("systemctl", "enable", "--now", "momento-bridge")
			m.must("momento-bridge", "pause", "held", "--admin", w.admin)
			m.must(k.remove...)
			if k.name == "deb" {
				m.must("dpkg", "--purge", "momento-bridge")
			} else {
				m.must("rm", "-r", "/etc/momento-bridge", state[0], state[1])
			}
			if said := m.must(k.of(k.install, now)...); !strings.Contains(said, "installed, not started") {
				t.Errorf("said is\n%s", said)
			}
			if again := m.must("cat", "/etc/momento-bridge/config.yaml"); again != first {
				t.Errorf("the configuration is\n%s", again)
			}
			if active, enabled := m.property("ActiveState"), m.property("UnitFileState"); active != "inactive" ||
				enabled != "disabled" {
				t.Errorf("the service is %s and %s", active, enabled)
			}
			w.configure(m)
			m.must("systemctl", "start", "momento-bridge")
			lab.Eventually(t, patience, "the service is ready", func() bool { return w.ask().Ready })
			for _, r := range w.ask().Routes {
				if r.State == "paused" {
					t.Errorf("the route %s is still paused", r.Name)
				}
			}
		})
	}
}
