package show

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"momento-bridge/admin"
	"momento-bridge/admin/admintest"
	"momento-bridge/terminal"
)

// Each file in testdata/status is what status prints of an example.
func TestStatusIsShownForPeople(t *testing.T) {
	t.Parallel()
	throttled := admintest.Running()
	throttled.State, throttled.Summary = admin.Throttled,
		"The quota of about 10/s holds back 1200 messages: they are published in 2m0s."
	throttled.Routes = throttled.Routes[:1]
	throttled.Routes[0].LimitedBy, throttled.Routes[0].Forecast, throttled.Routes[0].DrainSeconds = "quota",
		"drained in 2m0s: 1200 waiting, arrivals 2/s, publishing 12/s", new(120.0)
	uncoordinated := admintest.Standby()
	uncoordinated.State, uncoordinated.Group.Leases = admin.Uncoordinated, nil
	uncoordinated.Group.Missing = "there is no key-value bucket momento-bridge"
	uncoordinated.Group.Advice = "make it with `nats kv add momento-bridge --history=1 --replicas=3`"
	for name, s := range map[string]*admin.Status{
		"publishing": admintest.Running(), "troubled": admintest.Troubled(), "throttled": throttled,
		"standby": admintest.Standby(), "uncoordinated": uncoordinated,
		"starting": {
			Version: "dev", Now: admintest.Now, Started: admintest.Now, State: admin.Disconnected,
			Summary: "Not connected to NATS.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(Status(s, terminal.Plain(false)), "\n") + "\n\n" + StatusLine(s) + "\n"
			wantGolden(t, filepath.Join("testdata", name+".golden"), got)
		})
	}
}

func TestStatusFitsEightyColumnsAndControlsNoTerminal(t *testing.T) {
	t.Parallel()
	for _, s := range []*admin.Status{admintest.Running(), admintest.Troubled(), admintest.Standby()} {
		for _, line := range Status(s, terminal.Plain(false)) {
			if n := utf8.RuneCountInString(line); n > terminal.Width {
				t.Errorf("%d columns: %s", n, line)
			}
			if strings.ContainsAny(line, "\x1b\u202e\n") {
				t.Errorf("a control character is left in %q", line)
			}
		}
	}
	if text := strings.Join(Status(admintest.Running(), terminal.Plain(true)), "\n"); !strings.HasPrefix(text,
		"\x1b[32m✓ publishing") {
		t.Errorf("no colour where there should be: %q", text)
	}
}

var update = flag.Bool("update", false, "write the golden files again")

// wantGolden compares with a file of testdata.
func wantGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("shown is\n%swant\n%s", got, want)
	}
}
