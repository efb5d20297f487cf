package terminal

import (
	"testing"
	"time"
)

func TestAgesAreWrittenInTheUnitsThatMatter(t *testing.T) {
	t.Parallel()
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
	f(-time.Second, "0s")
	f(59*time.Second, "59s")
	f(61*time.Second, "1m1s")
	f(3*time.Hour+12*time.Minute, "3h12m")
	f(49*time.Hour, "2d1h")
}

func TestThousandsAreSetApart(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]string{
		"1": "1", "123": "123", "1234": "1 234", "-123": "-123", "-1234567.891": "-1 234 567.891", "0.1234": "0.1234",
	} {
		if got := Group(digits, " "); got != want {
			t.Errorf("Group(%q) = %q, want %q", digits, got, want)
		}
	}
}
