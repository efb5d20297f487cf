package loadtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/loadtest/report"
	"momento-bridge/sink"
)

// Via leads a rate test through the bridge: messages go to NATS, and are received as a subscriber of the endpoint
// receives them.
type Via struct {
	Conn    *nats.Conn
	Subject string // With several topics, -1, -2 and so on are appended, as to the topic.
	Stream  string // That takes the subjects, and acknowledges; empty: core NATS.
	// Settle bounds the wait for what is on its way at the end. Way bounds that for the first message to come through,
	// before the test begins.
	Settle, Way time.Duration
}

const (
	// quiet is how long nothing may come, at the end, for everything to have come: a copy may follow a message.
	quiet = time.Second
	// interruptedSettle is what is left of Settle when the user has interrupted the test.
	interruptedSettle = 2 * time.Second
	// helloEvery is the time between two messages that try the way.
	helloEvery = 500 * time.Millisecond
	lookEvery  = 10 * time.Millisecond
	// notThatStream is the server's code for a message that another stream takes than was expected.
	notThatStream = jetstream.ErrorCode(10060)
)

// following follows messages through the bridge. It is the engine's sink.
type following struct {
	via     *Via
	js      jetstream.JetStream // nil for core NATS.
	run     string
	began   time.Time
	padding []byte
	tracks  []*track
	of      map[string]*track // By subject.

	abort       context.CancelFunc // Ends the test, when a subscriber has ended for good.
	stop        context.CancelFunc // Ends the subscribers.
	subscribers sync.WaitGroup

	mu     sync.Mutex // Guards the following.
	err    error      // Why a subscriber has ended for good.
	behind []error    // What subscribers were trying to get over at the end.
}

// follow subscribes to every topic and returns when a message has come through to each. abort cancels ctx.
func follow(ctx context.Context, abort context.CancelFunc, c *RateConfig) (*following, error) {
	f := &following{
		via: c.Via, abort: abort, run: newRun(), began: time.Now(), padding: c.Target.payload(),
		of: map[string]*track{},
	}
	if c.Target.Bytes < LeastStamped {
		return nil, fmt.Errorf(
			"a payload has %d bytes: through the bridge it needs at least %d, for its number and time", c.Target.Bytes,
			LeastStamped)
	}
	f.padding = f.padding[:c.Target.Bytes-LeastStamped]
	if f.via.Stream != "" {
		var err error
		if f.js, err = jetstream.New(f.via.Conn); err != nil {
			return nil, fmt.Errorf("use JetStream: %w", err)
		}
	}
	subjects := numbered(f.via.Subject, c.Target.Topics)
	for i, topic := range c.Target.TopicNames() {
		t := newTrack(subjects[i], topic)
		f.tracks, f.of[t.subject] = append(f.tracks, t), t
	}
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	f.stop = stop
	for _, t := range f.tracks {
		f.subscribers.Go(func() { f.listen(listening, c.Target.Sink, c.Target.Caches[0], t) })
	}
	if err := f.findWay(ctx); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// CheckFollowed finds more topics than can have a subscriber each.
func CheckFollowed(topics int) error {
	if topics <= sink.MostSubscriptions {
		return nil
	}
	return fmt.Errorf("--topics is %d: each has a subscriber of the test's, and Momento lets an account have %d in a "+
		"region: give fewer", topics, sink.MostSubscriptions)
}

// listen notes what comes to one topic.
func (f *following) listen(ctx context.Context, from *sink.Momento, cache string, t *track) {
	err := from.Subscribe(ctx, sink.Subscription{
		Cache: cache, Topic: t.topic,
		Received: func(i sink.Item) {
			readStamps(f.run, i.Value, func(number int, sent time.Duration) {
				t.received(number, sent, i.At.Sub(f.began))
			})
		},
		Gap:   func(int) { t.gap() },
		Brief: true,
	})
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if refused, ok := errors.AsType[*sink.SubscribeError](err); ok && ctx.Err() == nil && f.err == nil {
		f.err = refused
		f.abort()
		return
	}
	f.behind = append(f.behind, err)
}

// failure is why a subscriber has ended for good, or nil.
func (f *following) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// findWay sends messages that do not count until one has come through to each topic: then the bridge carries, and every
// subscriber has a place in its topic's sequence.
func (f *following) findWay(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, f.via.Way, errNoWay)
	defer cancel()
	for _, t := range f.tracks {
		if err := f.sayHello(ctx, t); err != nil {
			return cmp.Or(f.failure(), err)
		}
	}
	return nil
}

var errNoWay = errors.New("no message has come through the bridge")

func (f *following) sayHello(ctx context.Context, t *track) error {
	for {
		if err := f.publish(ctx, t); err != nil {
			return fmt.Errorf("publish to %s: %w", t.subject, err)
		}
		select {
		case <-t.ready:
			return nil
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errNoWay) {
				return fmt.Errorf("%w in %v: is it running (momento-bridge status), does a route take %s, and does "+
					"it publish to the topic %s of the same cache?",
					errNoWay, f.via.Way, t.subject, t.topic)
			}
			return ctx.Err()
		case <-time.After(helloEvery):
		}
	}
}

// publish sends one message that does not count.
func (f *following) publish(ctx context.Context, t *track) error {
	payload := stamped(f.run, hello, time.Since(f.began), f.padding)
	if f.js == nil {
		return f.via.Conn.Publish(t.subject, payload)
	}
	ctx, cancel := context.WithTimeout(ctx, f.via.Way)
	defer cancel()
	_, err := f.js.Publish(ctx, t.subject, payload, jetstream.WithExpectStream(f.via.Stream))
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) {
		return fmt.Errorf("no stream takes the subject: add it to the stream %s, or correct --subject", f.via.Stream)
	}
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.ErrorCode == notThatStream {
		return fmt.Errorf("another stream than %s takes the subject: correct --stream or --subject", f.via.Stream)
	}
	return err
}

// subject is that of the i-th message.
func (f *following) subject(i int) string { return f.tracks[i%len(f.tracks)].subject }

// settle waits until everything has come and nothing follows, or the time for that is over. It reports whether ctx has
// shortened it.
func (f *following) settle(ctx context.Context) (interrupted bool) {
	_ = f.via.Conn.FlushTimeout(interruptedSettle) // What could not be flushed will be missing.
	end := time.Now().Add(f.via.Settle)
	sooner := time.Now().Add(min(f.via.Settle, interruptedSettle))
	for now := time.Now(); now.Before(end) && f.failure() == nil; now = time.Now() {
		if d, last := f.sum(); d.Lost == 0 && now.Sub(last) > quiet {
			return false
		}
		if ctx.Err() != nil && now.After(sooner) {
			return true
		}
		time.Sleep(lookEvery)
	}
	return false
}

// sum adds up what is known of all topics, and returns when something came last.
func (f *following) sum() (*report.Delivery, time.Time) {
	var sum report.Delivery
	var last time.Time
	for _, t := range f.tracks {
		if at := t.add(&sum); at.After(last) {
			last = at
		}
	}
	return &sum, last
}

func (f *following) counts() *report.Delivery {
	d, _ := f.sum()
	return d
}

// delivery is what the report says.
func (f *following) delivery() *report.Delivery {
	d := f.counts()
	times := hdrhistogram.New(1, f.tracks[0].times.HighestTrackableValue(), 2)
	for _, t := range f.tracks {
		t.addTimes(times)
	}
	d.Latency = LatencyOf(times)
	return d
}

// close ends the subscribers.
func (f *following) close() {
	f.stop()
	f.subscribers.Wait()
}
