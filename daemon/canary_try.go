package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/canary"
	"momento-bridge/sink"
)

// CanaryTry sends messages through a bridge and back: through one that runs and has a canary, or through one of its
// own. Its messages go where the canary of the configuration does.
type CanaryTry struct {
	plan    *Plan
	timeout time.Duration
	log     *slog.Logger
	to      canaryTarget
	conn    *nats.Conn
	replica string
	own     *ownBridge // nil: a running one is used, or none has been needed yet.

	news   chan *nats.Msg
	heard  chan canary.Payload
	ready  chan struct{} // Closed once the subscriber listens.
	failed chan error    // One slot: why the subscriber cannot listen.
	inbox  string        // What bridges tell of the n-th message comes to inbox.n.
	sides  sync.WaitGroup
	end    context.CancelFunc
}

// errSeveralCaches says what to do where it is not known where canaries go.
var errSeveralCaches = errors.New("the routes publish to several caches: set canary.cache, or give --cache, so that " +
	"it is known which one the canary is for")

// NewCanaryTry prepares messages, each of which may take as long as timeout. An error says what is wrong with the
// configuration.
func NewCanaryTry(p *Plan, timeout time.Duration, log *slog.Logger) (*CanaryTry, error) {
	caches := p.file.CanaryCaches()
	if len(caches) != 1 {
		return nil, errSeveralCaches
	}
	return &CanaryTry{
		plan: p, timeout: timeout, log: log, to: canaryTarget{caches[0], p.file.Canary.Topic},
		replica: canary.NewReplica(), news: make(chan *nats.Msg, 64), heard: make(chan canary.Payload, 64),
		ready: make(chan struct{}), failed: make(chan error, 1),
	}, nil
}

// To is where the messages go, for people.
func (t *CanaryTry) To() string { return t.to.cache + "/" + t.to.topic }

// listensAfter is how long a poll must last to be one that listens.
const listensAfter = 500 * time.Millisecond

// Open connects to NATS and listens to the topic. An error says what to do. Close ends it, in any case.
func (t *CanaryTry) Open(ctx context.Context) error {
	side, end := context.WithCancel(context.WithoutCancel(ctx))
	t.end = end
	conn, err := t.plan.ConnectNATS(ctx, t.log)
	if err != nil {
		return err
	}
	t.conn = conn
	t.inbox = conn.NewInbox()
	if _, err = conn.ChanSubscribe(t.inbox+".*", t.news); err != nil {
		return fmt.Errorf("subscribe to NATS: %w", err)
	}
	if err = t.plan.FirstKey(ctx); err != nil {
		return err
	}
	momento, err := t.plan.Publisher(t.log)
	if err != nil {
		return err
	}
	t.listen(side, momento)
	select {
	case <-t.ready:
		return nil
	case err := <-t.failed:
		return errors.New(t.deaf(err))
	case <-time.After(t.timeout):
		return fmt.Errorf("the subscriber has not begun to listen within %v: check the endpoint and the network",
			t.timeout)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// listen subscribes to the topic until ctx is done. What has failed once is tried again; it is told all the same, as
// somebody waits for an answer.
func (t *CanaryTry) listen(ctx context.Context, momento *sink.Momento) {
	fail := func(err error) {
		select {
		case t.failed <- err:
		default:
		}
	}
	var listens *time.Timer
	t.sides.Go(func() {
		err := momento.Subscribe(ctx, sink.Subscription{
			Cache: t.to.cache, Topic: t.to.topic, Gap: func(int) {},
			Polling: func() {
				if listens == nil {
					listens = time.AfterFunc(listensAfter, func() { close(t.ready) })
				}
			},
			Failed: func(err error) {
				if listens == nil || listens.Stop() {
					fail(err)
				}
			},
			Received: func(i sink.Item) {
				p, err := canary.Read(i.Value)
				if err != nil || p.Replica != t.replica {
					return
				}
				select {
				case t.heard <- p:
				case <-ctx.Done(): // Nobody waits for more of them.
				}
			},
		})
		if listens != nil {
			listens.Stop()
		}
		if err != nil && ctx.Err() == nil {
			fail(err)
		}
	})
}

// deaf says why the subscriber cannot listen, and what to do.
func (t *CanaryTry) deaf(err error) string {
	text := "the subscriber cannot listen: " + err.Error()
	if advice := endpointServer(t.plan.endpointBy).advice(err); advice != "" {
		text += ": " + advice
	}
	return text
}

// Close ends it.
func (t *CanaryTry) Close() {
	t.end()
	if t.own != nil {
		t.own.close()
	}
	t.sides.Wait()
	if t.conn != nil {
		t.conn.Close()
	}
}

// Pass sends the n-th message, from 1 on, and follows it.
func (t *CanaryTry) Pass(ctx context.Context, n uint64) CanaryPassage {
	subject := canarySubject(&t.plan.file.Config)
	if t.own == nil {
		p, nobody := t.pass(ctx, subject, n)
		if !nobody {
			return p
		}
		own, err := t.openBridge()
		if err != nil {
			return CanaryPassage{Why: err.Error()}
		}
		t.own = own
	}
	p, _ := t.pass(ctx, t.own.subject, n)
	return p
}

// pass sends a message on a subject. It reports whether nobody is there to take it.
func (t *CanaryTry) pass(whole context.Context, subject string, n uint64) (p CanaryPassage, nobody bool) {
	ctx, cancel := context.WithTimeout(whole, t.timeout)
	defer cancel()
	var alone <-chan time.Time // NATS does not say that nobody is there where a stream takes the message.
	if t.own == nil {
		alone = time.After(takenAfter)
	}
	sent := time.Now()
	payload := canary.Payload{Replica: t.replica, Number: n, Sent: sent}
	reply := fmt.Sprintf("%s.%d-%t", t.inbox, n, t.own != nil)
	if err := t.conn.PublishRequest(subject, reply, payload.Bytes()); err != nil {
		return CanaryPassage{Why: "NATS does not take it: " + err.Error()}, false
	}
	waits, enough := "", (<-chan time.Time)(nil)
	for p.Why == "" && (p.Seen == 0 || p.Accepted == 0) {
		select {
		case <-enough:
			return p.inOrder(), false
		case <-alone:
			if p.Taken == 0 && p.Seen == 0 {
				return p, true
			}
		case m := <-t.news:
			switch {
			case m.Subject != reply: // Late news of a message before.
			case m.Header.Get("Status") == "503":
				return p, true
			default:
				p.hear(m.Data, time.Since(sent), t.to, &waits)
			}
		case heard := <-t.heard:
			if heard.Number == n {
				p.Seen, enough = time.Since(sent), time.After(lateNews)
			}
		case err := <-t.failed:
			p.Why = t.deaf(err)
		case <-ctx.Done():
			switch {
			case p.Seen > 0:
			case whole.Err() != nil:
				p.Why = "it was not waited for"
			default:
				p.Why = p.stopped(waits, t)
			}
			return p.inOrder(), false
		}
	}
	return p.inOrder(), false
}

// takenAfter is how long a bridge that runs may take to say that it has a message.
const takenAfter = 3 * time.Second

// lateNews is how long what the bridge tells of a message may come after the message itself.
const lateNews = 500 * time.Millisecond
