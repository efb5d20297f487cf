//go:debug randseednop=0
package simulation

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/test/long"
)

var (
	firstSeed = flag.Uint64("seed", 1, "the first seed")
	seeds     = flag.Int("seeds", 0, "how many seeds; 0: 3, or 100 where LONG_TESTS=1 asks for the long form")
	form      = flag.String("form", "brief", "brief, dense, longer, sparse or group")
	on        = flag.Bool("on", false, "go on with the next seed after a fault")
	lines     = flag.Int("lines", 60, "how much of what went before a fault is printed")
	follow    = flag.Bool("follow", false, "print what happens")
)

func TestMain(m *testing.M) {
	flag.BoolVar(&Shown.Logs, "logs", false, "print the daemons' logs")
	flag.BoolVar(&Shown.Bytes, "bytes", false, "with -follow: print what the daemons write")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	runtime.MemProfileRate = 0 // What is sampled is chosen by chance, and shifts all that is drawn after it.
	os.Setenv("MOMENTO_API_KEY", theKey)
	os.Exit(m.Run())
}

func forms(t *testing.T) Form {
	switch *form {
	case "brief":
		return Brief
	case "dense":
		return Dense
	case "longer":
		return Longer
	case "sparse":
		return Sparse
	case "group":
		return Group
	}
	t.Fatalf("no form is called %q", *form)
	return Form{}
}

// live runs one seed.
func live(t *testing.T, seed uint64, f Form) (figures Figures) {
	t.Helper()
	var echo func(string)
	if *follow {
		echo = func(line string) { println(line) }
	}
	inBubble(t, seed, func() { figures = Run(seed, f, echo) })
	return figures
}

// inBubble has something happen on virtual time, and all that is random follow from a seed.
func inBubble(t *testing.T, seed uint64, do func()) {
	t.Helper()
	// Pools keep timers of bubbles that are over, until they have been collected twice. And what the collector does in
	// the middle of a run would change the order in which goroutines go on.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	letGo()
	runtime.GC()
	runtime.GC()
	defer seedEverything(seed)()
	synctest.Test(t, func(*testing.T) { do() })
}

func TestSimulation(t *testing.T) {
	began, before := time.Now(), used()
	var virtual time.Duration
	bad := 0
	if *seeds == 0 {
		*seeds = long.Or(3, 100)
	}
	for seed := *firstSeed; seed < *firstSeed+uint64(*seeds); seed++ {
		f := live(t, seed, forms(t))
		virtual += f.Virtual
		t.Logf("seed %d: %v, %d events, %d messages, %d attempts, %d accepted, %d refused, %d struck, %d cuts, "+
			"hash %x, moved %d", seed, f.Virtual, f.Events, f.Published, f.Attempts, f.Accepted, f.Refused, f.Struck,
			f.Cuts, f.Hash, f.Moved)
		if f.Fault != "" {
			for _, line := range f.Trace[max(0, len(f.Trace)-*lines):] {
				t.Log(line)
			}
			bad++
			if *on {
				t.Errorf("seed %d, at %v: %s", seed, f.At, f.Fault)
				continue
			}
			t.Fatalf("seed %d, at %v: %s\nagain: go test ./test/simulation -run Simulation -seed %d -seeds 1 -v", seed,
				f.At, f.Fault, seed)
		}
	}
	t.Logf("%d of %d seeds with faults", bad, *seeds)
	took, days := used()-before, virtual.Hours()/24
	t.Logf("%v virtual, %v of a processor, %v by the clock: %.1f days a minute of one core", virtual.Round(time.Second),
		took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), days/took.Minutes())
}

func TestEverySeedHasAConfigurationWithoutMistakes(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+200; seed++ {
		text := newScenario(seed, forms(t)).config
		if *follow && seed == *firstSeed {
			t.Log(text)
		}
		f := config.Read("simulation.yaml", []byte(text))
		f.Validate()
		daemon.NewPlan(f)
		if err := f.Err(); err != nil {
			t.Errorf("seed %d: %v\n%s", seed, err, text)
		}
	}
}
