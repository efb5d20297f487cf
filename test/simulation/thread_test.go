package simulation

import (
	"math/rand/v2"
	"runtime"
	"testing"
)

// On other machines only what the runtime draws is not decided by the seed.
func TestTheRuntimesNumbersAreFound(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("not on " + runtime.GOARCH)
	}
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
