package quota_test

import (
	"fmt"
	"math"
	"time"

	"github.com/cenkalti/backoff/v4"

	"momento-bridge/pipeline/quota"
)

// A publisher that is never refused doubles its rate each second, beginning at quota.FirstRate. Refusals in a row lower
// it.
func ExamplePacer() {
	now := time.Unix(0, 0)
	p := quota.NewPacer(quota.Rate{Ceiling: math.Inf(1), Learn: true}, backoff.NewConstantBackOff(time.Second), now)
	for end := now.Add(2 * time.Second); now.Before(end); {
		if at := p.Due(now, 1); !at.IsZero() {
			now = at
			continue
		}
		p.Pay(now, 1)
		p.Accepted(now, 1)
	}
	before := p.Rate()
	for range 5 {
		p.Refused(now, quota.Refusal{Sent: now, Cost: 1})
	}
	fmt.Printf("about %.0f/s, less after a few refusals: %v, %s\n", math.Round(before/10)*10, p.Rate() < before,
		p.Stats(now).State)
	// Output: about 40/s, less after a few refusals: true, holding
}
