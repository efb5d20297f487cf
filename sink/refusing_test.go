package sink

import (
	"testing"

	"momento-bridge/test/lab"
)

// refusingAddress returns an address where connections are refused until the test ends.
func refusingAddress(t *testing.T) string {
	t.Helper()
	address, release, err := lab.RefusingAddress()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return address
}
