//go:build amd64 || arm64

package simulation

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"unsafe"
)

// thread knows where the runtime keeps the random numbers of an operating system's thread. They decide where the
// iteration of a map begins, which case of a select is taken of several, and which timer of one moment goes first. The
// runtime has no way to seed them, so they are found and written over: numbers that were just drawn lie side by side
// in what was drawn beforehand. Where nothing is found nothing is written.
type thread struct {
	offset uintptr // Of the numbers, from where what the runtime knows of the thread begins; 0: not known.
	keep   uintptr // Of why its goroutine is not to be interrupted, likewise.
}

// goroutine returns what the runtime knows of the goroutine.
func goroutine() unsafe.Pointer

const (
	ofGoroutine = 48   // Where a goroutine names its thread.
	mostOfIt    = 2000 // How much of a thread is looked at.
	drawn       = 32   // Numbers are drawn beforehand, so many at a time;
	key         = 256  // after them comes the seed of the next ones,
	seedWords   = 4    // so many words,
	position    = 288  // then how many of them are used, and of how many.
	numbers     = 304  // After all that comes a word for cheap ones.
)

func this() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Add(goroutine(), ofGoroutine)) }

// findThread looks for the numbers.
func findThread() thread {
	if !strings.HasPrefix(runtime.Version(), release) {
		return thread{}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 2 * drawn { // Until two of the same lot are side by side.
		first, second := rand.Uint64(), rand.Uint64() //nolint:gosec // It is these that are looked for.
		m := this()
		for at := uintptr(0); at < mostOfIt-8; at += 8 {
			if *word(m, at) != first || *word(m, at+8) != second {
				continue
			}
			for i := range uintptr(drawn - 1) {
				if base := at - 8*i; base <= at && after(*word(m, base+position), i+2) {
					return thread{base, keeping(m)}
				}
			}
		}
	}
	return thread{}
}

// after reports whether a position may be that after n numbers: the last ones of some lots are the next seed. The
// second half counts, too, as what is beside a position may look like its first.
func after(position uint64, n uintptr) bool {
	of := position >> 32
	return uintptr(uint32(position)) == n && (of == drawn || of == drawn-seedWords)
}

// keeping returns where a thread says why its goroutine is not to be interrupted: the scheduler interrupts one that has
// had the processor for 10 ms of true time, as on a busy machine, and others go first then.
func keeping(m unsafe.Pointer) uintptr {
	g := uint64(uintptr(goroutine()))
	for at := uintptr(0); at < mostOfIt/2; at += 8 {
		if *word(m, at) == g && *word(m, at+afterGoroutine) == 0 && *word(m, at+afterGoroutine+8) == 0 {
			return at + afterGoroutine
		}
	}
	return 0
}

// afterGoroutine is how far that is behind the goroutine that a thread carries.
const afterGoroutine = 64

// hold has goroutines of this thread go on until they wait. No panic may be raised meanwhile, and no garbage collected:
// who asks for that would wait for ever.
func (t thread) hold() {
	if t.keep == 0 || *word(this(), t.keep+8) != 0 { // It is held already, or the runtime has reasons of its own.
		return
	}
	why := (*string)(unsafe.Add(this(), t.keep))
	*why = held
	holding = append(holding, why)
}

// letGo undoes hold, of this thread and of those that the system has had the goroutine leave since.
func letGo() {
	for _, why := range holding {
		if *why == held {
			*why = ""
		}
	}
	holding = holding[:0]
}

// holding is why threads are held, of each that is.
var holding []*string

// holds reports whether this thread is held.
func (t thread) holds() bool { return t.keep != 0 && *(*string)(unsafe.Add(this(), t.keep)) == held }

// held is why goroutines are not interrupted.
const held = "simulated"

// name tells one thread from another.
func (t thread) name() uintptr { return uintptr(this()) }

// found reports whether all that is random follows from a seed.
func (t thread) found() bool { return t.offset != 0 && t.keep != 0 }

func word(m unsafe.Pointer, at uintptr) *uint64 { return (*uint64)(unsafe.Add(m, at)) }

// seed has everything that the runtime draws on this thread from now on follow from what is drawn of rng. It writes a
// new seed and says that nothing is left of what was drawn beforehand, so that it costs what is drawn from then on.
func (t thread) seed(rng *rand.PCG) {
	if t.offset == 0 {
		return
	}
	m := this()
	if used := *word(m, t.offset+position); uint32(used) > drawn || used>>32 > drawn { // Those are no such numbers.
		return
	}
	for i := range uintptr(seedWords) {
		*word(m, t.offset+key+8*i) = rng.Uint64()
	}
	*word(m, t.offset+position) = drawn | drawn<<32 // All of them are used.
	*(*uint32)(unsafe.Add(m, t.offset+position+8)) = 0
	*word(m, t.offset+numbers) = rng.Uint64()
}
