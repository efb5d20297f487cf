package loadtest

import (
	"sync"
	"time"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/search"
)

// shower tells how far a search is.
type shower struct {
	show   func(FindProgress)
	counts func() drive.Second
	// replaying reports whether the next trial was made before; nil: none was.
	replaying func() bool
	began     time.Time
	done      chan struct{}
	ended     sync.WaitGroup

	mu    sync.Mutex // Guards the following, and is held while show is called.
	trial int
	now   search.Step
}

func newShower(f *finder) *shower {
	s := &shower{show: f.cfg.Progress, counts: f.engine.Counts, began: f.started, done: make(chan struct{})}
	if f.kept != nil {
		s.replaying = f.kept.Replaying
	}
	if s.show != nil {
		s.ended.Go(s.run)
	}
	return s
}

// step is called before each trial.
func (s *shower) step(to search.Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trial++
	s.now = to
	if s.replaying == nil || !s.replaying() {
		s.tell()
	}
}

func (s *shower) tell() {
	if s.show != nil && s.trial > 0 {
		s.show(FindProgress{Trial: s.trial, Step: s.now, Elapsed: time.Since(s.began), Counts: s.counts()})
	}
}

// run tells once a second until stop is called.
func (s *shower) run() {
	ticks := time.NewTicker(progressEvery)
	defer ticks.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-ticks.C:
		}
		s.mu.Lock()
		s.tell()
		s.mu.Unlock()
	}
}

func (s *shower) stop() {
	close(s.done)
	s.ended.Wait()
}
