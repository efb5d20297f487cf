package loadtest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline"
)

// everyThird allows one publish of three.
type everyThird struct {
	mu                    sync.Mutex
	asked, held, accepted int
}

func (q *everyThird) Allow() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	if q.asked%3 == 0 {
		return true
	}
	q.held++
	return false
}

func (q *everyThird) Answered(_ time.Time, a *pipeline.Answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if a.Verdict == pipeline.Accept {
		q.accepted++
	}
}

func (q *everyThird) Held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.held
}

func TestWhatTheQuotaDoesNotAllowIsNotSentAndIsTold(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, target Target, server *emulator.Server) {
		q := &everyThird{}
		target.Quota = q
		r, err := Rate(t.Context(), rateOf(target, 300, time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if r.Requests != 100 || q.accepted != 100 || server.Stats().Accepted != 100 {
			t.Errorf("%d of 300 were published, %d answers were told", r.Requests, q.accepted)
		}
		const want = "publishes that were not sent, as the daemons left no quota for them: 200"
		if !strings.HasPrefix(r.Reason, want) || strings.Contains(r.Reason, "too late") {
			t.Errorf("the report says %q", r.Reason)
		}
		if strings.Contains(r.Reason, "sent in time") || r.Generator.OnTime < 0.99 || r.Trials[0].Unfit != "" {
			t.Errorf("the generator is blamed: %q, %g on time, %q", r.Reason, r.Generator.OnTime, r.Trials[0].Unfit)
		}
	})
}
