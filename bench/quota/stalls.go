package main

import (
	"context"
	"sync"
	"time"
)

// stalls notes when this process did not run although it should have. Then the machine stood still, most likely for the
// daemon, too, and figures by the clock say nothing of it.
type stalls struct {
	mu  sync.Mutex // Guards the following.
	all []stall
}

type stall struct {
	at     time.Time
	length time.Duration
}

const (
	heartbeat = 20 * time.Millisecond
	// lateBy is how late a heartbeat must be to be noted.
	lateBy = 100 * time.Millisecond
	// excuse is how much of a minute must have been stalled for figures not to be judged: half a second moves what is
	// used of a quota in 12 s by 4 % at once, and by what the daemon must then learn again.
	excuse = 500 * time.Millisecond
)

// watch notes stalls until ctx is done.
func (s *stalls) watch(ctx context.Context) {
	for last := time.Now(); ctx.Err() == nil; {
		time.Sleep(heartbeat)
		now := time.Now()
		if late := now.Sub(last) - heartbeat; late > lateBy {
			s.mu.Lock()
			s.all = append(s.all, stall{now, late})
			s.mu.Unlock()
		}
		last = now
	}
}

// lately is how long this process was stalled in the last minute.
func (s *stalls) lately() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum time.Duration
	for _, one := range s.all {
		if time.Since(one.at) < time.Minute {
			sum += one.length
		}
	}
	return sum
}
