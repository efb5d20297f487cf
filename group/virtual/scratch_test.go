package virtual_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"momento-bridge/group/virtual"
)

func TestScratch(t *testing.T) {
	for _, c := range virtual.Cases() {
		if !strings.Contains(c.Name, os.Getenv("CASE")) {
			continue
		}
		for seed := range uint64(2) {
			began := time.Now()
			f, w := c.Run(seed)
			t.Logf("%-45s used %5.1f %% refused %.2f %% Jain %.3f peak %.2f (%v)", c.Name, 100*f.Used, 100*f.Refused, f.Jain,
				f.Peak, time.Since(began))
			if os.Getenv("SECONDS") != "" {
				for i, s := range w.Seconds {
					t.Log(i, s)
				}
			}
		}
	}
}
