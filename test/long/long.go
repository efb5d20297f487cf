// Package long says which form of the tests is to run. A test whose long form takes more than a few seconds has a
// short one for everybody; CI runs both.
package long

import (
	"os"
	"testing"
)

// Asked reports whether the long forms are to run: LONG_TESTS=1 is set, as CI does.
func Asked() bool { return os.Getenv("LONG_TESTS") == "1" }

// Only skips a test that has no short form, unless the long forms are to run.
func Only(t testing.TB) {
	t.Helper()
	if !Asked() {
		t.Skip("takes long: set LONG_TESTS=1 to run it")
	}
}

// Or returns how much of something a test takes: short, or in the long form long.
func Or[T any](short, long T) T {
	if Asked() {
		return long
	}
	return short
}
