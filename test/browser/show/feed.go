package show

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Feed publishes to a subject's topics until ctx is done: so many a second, more and less by a share that comes and
// goes within a minute. It returns how many it has published.
func (s *Show) Feed(ctx context.Context, subject string, perSecond, swing float64) (int, error) {
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	began, owed, n := time.Now(), 0.0, 0
	for {
		select {
		case <-ctx.Done():
			return n, s.conn.Flush()
		case <-ticks.C:
		}
		owed += perSecond / 50 * (1 + swing*math.Sin(2*math.Pi*time.Since(began).Minutes()))
		for ; owed >= 1; owed-- {
			if err := s.conn.Publish(fmt.Sprintf("%s.%d", subject, n%7), fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
				return n, fmt.Errorf("publish: %w", err)
			}
			n++
		}
	}
}

// publish publishes n messages at once.
func (s *Show) publish(subject string, n int) error {
	for i := range n {
		if err := s.conn.Publish(fmt.Sprintf("%s.%d", subject, i%7), fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return s.conn.Flush()
}
