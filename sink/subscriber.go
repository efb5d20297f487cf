package sink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"

	"momento-bridge/condition"
	"momento-bridge/pipeline"
)

// Subscription is one topic to listen to. Its functions are called by one goroutine.
type Subscription struct {
	Cache, Topic string
	// Received takes each item, in the order in which the endpoint hands them over. The first may be one of before: an
	// endpoint keeps a topic's last message and begins with it, and a topic's first messages may come after all where
	// the first polls brought nothing. Who counts messages ignores what is not its own.
	Received func(Item)
	// Gap is told where the topic's sequence is broken: how many messages are missing, 0 if that is not known.
	Gap func(missing int)
	// Polling is told before each long poll, Failed after one that has failed and is tried again; nil: nobody is.
	Polling func()
	Failed  func(err error)
	// Brief lets the subscription end, with a SubscribeError, if the endpoint takes no more subscribers as it begins.
	Brief bool
}

// Item is a message of a topic as subscribers get it.
type Item struct {
	Value          []byte    // The callee's.
	Text           bool      // It was published as text rather than as bytes.
	At             time.Time // When the answer that held it was there.
	Sequence, Page uint64    // Its place in the topic.
	Publisher      string    // The id of the token that it was published with; empty: the token has none.
}

const (
	// pollTimeout ends a long poll that may have been forgotten on the way; the next one asks for the same.
	pollTimeout = time.Minute
	// emptyPause is the time to the next poll after one that brought nothing. After each further one that brought
	// nothing without having waited it is twice as long, up to longestPause.
	emptyPause   = 50 * time.Millisecond
	longestPause = 5 * time.Second
	// listened is how long a request waits that does wait for something to come: what is there comes sooner.
	listened = time.Second
	// maxPolled bounds an answer to a long poll, in bytes.
	maxPolled = 16 << 20
)

const (
	// MostSubscriptions are what Momento lets an account have in a region, unless it has raised that. It answers 429 to
	// further long polls.
	MostSubscriptions = 100
	// mostCrowded is how many such answers end a subscription that is brief: what has just ended may count still.
	mostCrowded = 4
)

// SubscribeError says that the endpoint refuses to let anybody subscribe, for good, or that it takes no more
// subscribers.
type SubscribeError struct {
	Answer pipeline.Answer
}

// Error says what to do.
func (s *SubscribeError) Error() string {
	text := "the endpoint refuses the subscription"
	switch s.Answer.Verdict {
	case pipeline.HaltAll:
		text = condition.KeyRefused.Told()
	case pipeline.HaltTopic:
		text = "the API key may not subscribe to the topic: give one that may publish and subscribe"
	case pipeline.HaltCache:
		text = condition.CacheMissing.Told()
	case pipeline.SlowDown:
		text = fmt.Sprintf("the endpoint takes no more subscribers: Momento lets an account have %d in a region, "+
			"unless it has raised that, and canaries and other programs count; listen to fewer topics, or end others",
			MostSubscriptions)
	case pipeline.Accept, pipeline.HaltRoute, pipeline.Reject, pipeline.Retry, pipeline.Ambiguous, pipeline.Unsent:
	}
	return fmt.Sprintf("subscribe: %s (%s)", text, s.Answer.Detail)
}

// Subscribe listens to a topic by long polls, from its next message on, until ctx is done or the endpoint refuses for
// good, which is a SubscribeError. After other failures it goes on where it was. What it returns when ctx is done is
// the failure that it was trying to get over, or nil.
func (m *Momento) Subscribe(ctx context.Context, s Subscription) error {
	p := newPoller(m, s)
	defer p.client.CloseIdleConnections()
	delays, rest := pollDelays(), barren(emptyPause)
	crowded, listens := 0, false
	for {
		began := time.Now()
		if s.Polling != nil {
			s.Polling()
		}
		err := p.poll(ctx)
		pause := time.Duration(0)
		refused, final := errors.AsType[*SubscribeError](err)
		switch {
		case !final:
			listens = listens || err == nil || errors.Is(err, errNothing)
		case refused.Answer.Verdict == pipeline.SlowDown:
			crowded++
			final = s.Brief && !listens && crowded >= mostCrowded
		}
		switch {
		case ctx.Err() != nil && err == nil:
			return nil
		case ctx.Err() != nil:
			return p.trouble
		case final:
			return refused
		case err == nil:
			delays.Reset()
			rest = barren(emptyPause)
		case errors.Is(err, errNothing):
			err, pause = nil, rest.pause(time.Since(began))
		default:
			pause = delays.NextBackOff()
		}
		p.trouble = err
		if err != nil && s.Failed != nil {
			s.Failed(err)
		}
		select {
		case <-ctx.Done():
			return p.trouble
		case <-time.After(pause):
		}
	}
}

// barren is the pause after the next poll that brings nothing.
type barren time.Duration

// pause returns the time to the next poll after one that took so long and brought nothing.
func (b *barren) pause(took time.Duration) time.Duration {
	if took >= listened {
		*b = barren(emptyPause)
	}
	pause := time.Duration(*b)
	*b = barren(min(2*pause, longestPause))
	return pause
}

// pollDelays draws each delay evenly from 0 to a bound that doubles from half a second up to 15 s.
func pollDelays() backoff.BackOff {
	return backoff.NewExponentialBackOff(backoff.WithInitialInterval(250*time.Millisecond), backoff.WithMultiplier(2),
		backoff.WithRandomizationFactor(1),
		backoff.WithMaxInterval(7500*time.Millisecond), backoff.WithMaxElapsedTime(0))
}
