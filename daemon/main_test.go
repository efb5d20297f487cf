package daemon

import (
	"os"
	"testing"

	"momento-bridge/test/lab"
)

// These tests wait for each other's processes more than they compute.
func TestMain(m *testing.M) {
	lab.SetParallel("8")
	os.Exit(m.Run())
}
