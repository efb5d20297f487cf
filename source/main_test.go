package source

import (
	"os"
	"testing"

	"momento-bridge/test/lab"
)

// Most of these tests wait.
func TestMain(m *testing.M) {
	lab.SetParallel("8")
	os.Exit(m.Run())
}
