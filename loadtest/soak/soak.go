package soak

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// Soak is one to be run, once.
type Soak struct {
	cfg     Config
	bridge  Bridge
	tracks  []*track
	started time.Time
	samples samples
	before  Gauges
	looked  time.Time
	missed  int // Messages that were not sent, as the program was too late for them.

	mu  sync.Mutex // Guards the following.
	err error      // Why a subscriber has ended for good.
}

// New returns a soak that has not begun.
func New(c Config) *Soak {
	s := &Soak{cfg: c}
	for _, topic := range c.Topics {
		s.tracks = append(s.tracks, newTrack(topic, c.Rate, len(c.Topics)))
	}
	return s
}

// Run soaks a bridge until the time is over, or ctx is done, and returns the report. Without a report the error says
// why it did not begin; beside one, why it ended early, which ctx is not.
func (s *Soak) Run(ctx context.Context, through Bridge) (*Report, error) {
	s.bridge, s.cfg.Settings.NATS = through, through.NATS()
	running, abort := context.WithCancel(ctx)
	defer abort()
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	var subscribers sync.WaitGroup
	defer subscribers.Wait()
	defer stop()
	for _, t := range s.tracks {
		subscribers.Go(func() {
			if err := t.listen(listening, &s.cfg); err != nil {
				s.fail(err)
				abort()
			}
		})
	}
	if err := s.findWay(running); err != nil {
		return nil, cmp.Or(s.failure(), err)
	}
	s.started = time.Now()
	s.before, s.looked = s.bridge.Gauges(), s.started
	done := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() { s.look(done) })
	s.pace(running)
	s.settle(ctx)
	close(done)
	looking.Wait()
	return s.report(ctx.Err() != nil), s.failure()
}

func (s *Soak) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = cmp.Or(s.err, err)
}

func (s *Soak) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// NotTaken expects nothing more of a message that NATS has not taken. It may be called concurrently.
func (s *Soak) NotTaken(payload []byte) {
	p, err := payloadOf(payload)
	if err != nil {
		return
	}
	for _, t := range s.tracks {
		if t.notTaken(p) {
			return
		}
	}
}

var errNoWay = errors.New("no message has come through the bridge")

// findWay sends messages that do not count until one has come through to each topic.
func (s *Soak) findWay(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Way, errNoWay)
	defer cancel()
	for i, t := range s.tracks {
		for heard := false; !heard; {
			if err := s.bridge.Publish(i, t.next(time.Now())); err != nil {
				return fmt.Errorf("publish to NATS: %w", err)
			}
			select {
			case <-t.ready:
				heard = true
			case <-ctx.Done():
				if errors.Is(context.Cause(ctx), errNoWay) {
					return fmt.Errorf("%w in %v: its log and its page say why%s", errNoWay, s.cfg.Way, t.deafness())
				}
				return ctx.Err()
			case <-time.After(helloEvery):
			}
		}
		t.begin()
	}
	return nil
}

const (
	helloEvery = 500 * time.Millisecond
	// mostBehind is how much later than planned a message may be sent.
	mostBehind = time.Second
	// quiet is how long nothing may come at the end for everything to have come.
	quiet = time.Second
	// hurried is what is left of Settle when the user has interrupted it.
	hurried = 2 * time.Second
)

// pace sends messages at their times until the soak is over.
func (s *Soak) pace(ctx context.Context) {
	due := 0 // Messages so far: sent, or missed.
	for all := int(s.cfg.Rate * s.cfg.Duration.Seconds()); due < all && s.await(ctx, due); due++ {
		now := int(s.cfg.Rate * time.Since(s.started).Seconds())
		if late := min(now, all-1) - due - int(math.Ceil(s.cfg.Rate*mostBehind.Seconds())); late > 0 {
			s.missed, due = s.missed+late, due+late
		}
		s.send(due % len(s.tracks))
	}
}

// await waits until a message is due, and reports whether the soak goes on.
func (s *Soak) await(ctx context.Context, message int) bool {
	at := s.started.Add(time.Duration(float64(message) / s.cfg.Rate * float64(time.Second)))
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (s *Soak) send(i int) {
	payload := padded(s.tracks[i].next(time.Now()), s.cfg.Bytes)
	if err := s.bridge.Publish(i, payload); err != nil {
		s.NotTaken(payload)
	}
}

// settle waits until everything has come, or the time for that is over.
func (s *Soak) settle(ctx context.Context) {
	end, sooner := time.Now().Add(s.cfg.Settle), time.Now().Add(min(s.cfg.Settle, hurried))
	for now := time.Now(); now.Before(end) && s.failure() == nil; now = time.Now() {
		if ctx.Err() != nil && now.After(sooner) {
			break
		}
		var d Delivery
		last := time.Time{}
		for _, t := range s.tracks {
			if at := t.add(now, &d, nil); at.After(last) {
				last = at
			}
		}
		if d.UnderWay == 0 && now.Sub(last) > quiet {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, t := range s.tracks {
		if ctx.Err() != nil || s.failure() != nil {
			t.leave()
		} else {
			t.lose()
		}
	}
}
