package simulation

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// known skips where the runtime's numbers are not known: on other machines only what the runtime draws is not decided
// by the seed.
func known(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(runtime.Version(), release) || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skipf("not known of %s on %s", runtime.Version(), runtime.GOARCH)
	}
}

func TestTheRuntimesNumbersAreFoundHoweverManyAreDrawn(t *testing.T) {
	known(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	first := findThread()
	if !first.found() {
		t.Fatal("they are not found")
	}
	for n := range 1000 {
		if again := findThread(); again != first {
			t.Fatalf("they are at %+v, and at %+v after %d more were drawn", first, again, n)
		}
		rand.Uint64() //nolint:gosec // It is these that are looked for.
	}
}

func TestTheRuntimesNumbersFollowFromASeed(t *testing.T) {
	known(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	order := func() (keys []int) {
		findThread().seed(rand.NewPCG(1, 0))
		m := map[int]bool{}
		for i := range 8 {
			m[i] = true
		}
		for range 20 {
			for k := range m {
				keys = append(keys, k)
				break
			}
		}
		return keys
	}
	first, second := order(), order()
	for i := range first {
		if first[i] != second[i] {
			t.Fatalf("two maps made alike are iterated as %v and %v", first, second)
		}
	}
}
