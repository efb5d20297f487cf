package chaos

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// programs is where the programs under test are.
var programs string

// long is set for the long form.
var long = os.Getenv("CHAOS") == "long"

// pipelined is how many publishes each connection of a daemon carries at a time, unless a test says so itself. It is asked for while tests run, so that
// go test knows that results depend on it.
func pipelined() int {
	n, _ := strconv.Atoi(os.Getenv("CHAOS_PIPELINE"))
	return max(1, n)
}

// pick returns the value for the form that runs.
func pick[T any](short, longer T) T {
	if long {
		return longer
	}
	return short
}

// together is how many tests run at the same time: most of them wait.
const together = "12"

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", together)
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	for program, pkg := range map[string]string{"momento-bridge": "momento-bridge/cmd/momento-bridge", "nats-server": "github.com/nats-io/nats-server/v2"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, program), pkg)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n", pkg, err)
			return 1
		}
	}
	return m.Run()
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

func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
