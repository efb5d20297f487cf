package chaos

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"momento-bridge/test/lab"
	"momento-bridge/test/long"
)

// rig has the programs under test.
var rig *lab.Lab

// nightly reports whether the longest form runs. Like all that depends on the environment it is asked while tests run,
// so that go test knows that results depend on it.
func nightly() bool { return os.Getenv("CHAOS") == "long" }

// pick returns the value for the form that runs: the short one, the long one, and the nightly one.
func pick[T any](short, longer, night T) T {
	if nightly() {
		return night
	}
	return long.Or(short, longer)
}

// longOnly skips a test that has no short form.
func longOnly(t *testing.T) {
	t.Helper()
	if !nightly() {
		long.Only(t)
	}
}

// pipelined is how many publishes each connection of a daemon carries at a time, unless a test says so itself.
func pipelined() int {
	n, _ := strconv.Atoi(os.Getenv("CHAOS_PIPELINE"))
	return max(1, n)
}

// timely checks what depends on how busy the machine is. It fails at night only, when nothing else is to run.
func timely(t *testing.T, ok bool, format string, args ...any) {
	t.Helper()
	switch {
	case ok:
	case nightly():
		t.Errorf(format, args...)
	default:
		t.Logf("not judged: "+format, args...)
	}
}

// patience is how long something may take that takes a moment, on a machine that does much else.
const patience = time.Minute

// together is how many tests run at the same time: most of them wait.
const together = "12"

func TestMain(m *testing.M) {
	os.Exit(lab.RunTests(m, "", together, func(l *lab.Lab) { rig = l }))
}

// seeded returns a generator. Its seed is shown when the test fails.
func seeded(t *testing.T, more uint64) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("CHAOS_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("run again with CHAOS_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, more))
}

// must ends the test if there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scratch writes a file, and returns its path.
func scratch(t *testing.T, name, text string) string {
	t.Helper()
	path, err := rig.Write(name, text)
	must(t, err)
	return path
}
