package virtual_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"momento-bridge/group/virtual"
)

func TestTrace(t *testing.T) {
	for _, c := range virtual.Cases() {
		if c.Name != os.Getenv("CASE") {
			continue
		}
		cfg := c.Config
		cfg.Seed = 0
		w := virtual.New(cfg)
		for i := range 90 {
			f := w.Run(time.Second)
			s, r, _ := w.Trace()
			fmt.Printf("%d used %.2f refused %.2f rate %.2f quota %.2f found %d floor %.3f share %.3f sum %.3f\n", i, f.Used, f.Refused, s.Rate, s.Quota, s.Found, s.Floor, r[0].Share, w.Sum())
		}
	}
}
