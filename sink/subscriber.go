package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v4"

	"momento-bridge/condition"
	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// Subscription is one topic to listen to. Its functions are called by one goroutine.
type Subscription struct {
	Cache, Topic string
	// Received takes each value, in the order in which the endpoint hands them over, and when its answer was there.
	// The value is the callee's.
	Received func(value []byte, at time.Time)
	// Gap is told where the endpoint says that the topic's sequence is broken: how many messages are missing, 0 if
	// that is not known.
	Gap func(missing int)
	// Polling is told before each long poll, Failed after one that has failed and is tried again; nil: nobody is.
	Polling func()
	Failed  func(err error)
}

const (
	// pollTimeout ends a long poll that may have been forgotten on the way; the next one asks for the same.
	pollTimeout = time.Minute
	// emptyPause is the time to the next poll after one that brought nothing.
	emptyPause = 50 * time.Millisecond
	// maxPolled bounds an answer to a long poll, in bytes.
	maxPolled = 16 << 20
)

// SubscribeError says that the endpoint refuses to let anybody subscribe, for good.
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
	case pipeline.Accept, pipeline.HaltRoute, pipeline.Reject, pipeline.SlowDown, pipeline.Retry, pipeline.Ambiguous,
		pipeline.Unsent:
	}
	return fmt.Sprintf("subscribe: %s (%s)", text, s.Answer.Detail)
}

// Subscribe listens to a topic by long polls, from its next message on, until ctx is done or the endpoint refuses for
// good, which is a SubscribeError. After other failures it goes on where it was. What it returns when ctx is done is
// the failure that it was trying to get over, or nil.
func (m *Momento) Subscribe(ctx context.Context, s Subscription) error {
	p := newPoller(m, s)
	defer p.client.CloseIdleConnections()
	delays := pollDelays()
	for {
		if s.Polling != nil {
			s.Polling()
		}
		err := p.poll(ctx)
		pause := time.Duration(0)
		refused, final := errors.AsType[*SubscribeError](err)
		switch {
		case ctx.Err() != nil:
			return p.trouble
		case final:
			return refused
		case err == nil:
			delays.Reset()
		case errors.Is(err, errNothing):
			err, pause = nil, emptyPause
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

// poller is a subscription under way. It belongs to one goroutine.
type poller struct {
	momento *Momento
	Subscription
	client  *http.Client
	next    uint64 // The sequence number to ask for; 0: whatever comes next.
	page    uint64
	trouble error
}

func newPoller(m *Momento, s Subscription) *poller {
	transport := &http.Transport{TLSHandshakeTimeout: m.cfg.Timeout, MaxIdleConnsPerHost: 1}
	if m.dialer.tls != nil {
		transport.TLSClientConfig = m.dialer.tls.Clone()
	}
	m.dialer.proxy.use(transport, m.cfg.Endpoint.Addr, m.cfg.Timeout)
	client := &http.Client{
		Transport: transport,
		// The key is for this server only.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &poller{momento: m, Subscription: s, client: client}
}

// errNothing says that a poll brought nothing, and that nothing is wrong.
var errNothing = errors.New("nothing has come")

// poll asks once and hands over what has come.
func (p *poller) poll(ctx context.Context) error {
	k := p.momento.cfg.Keys.Key()
	if k == nil {
		return key.ErrNone
	}
	once, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	resp, err := p.ask(once, k)
	if err != nil {
		if once.Err() != nil {
			return errNothing
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return p.refused(resp, k)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPolled+1))
	at := time.Now()
	switch {
	case err != nil:
		return fmt.Errorf("read what has come: %w", err)
	case len(body) > maxPolled:
		return errors.New("the endpoint's answer is too long")
	}
	return p.take(body, at)
}

// ask sends the request. The error holds no address, as that may hold the key.
func (p *poller) ask(ctx context.Context, k *key.Key) (*http.Response, error) {
	cfg := &p.momento.cfg
	target := cfg.appendTarget([]byte(cfg.Endpoint.String()), &pipeline.Request{Cache: p.Cache, Topic: p.Topic}, k)
	separator := "?"
	if cfg.QueryAuth {
		separator = "&"
	}
	address := string(target) + separator + "sequence_number=" + strconv.FormatUint(p.next, 10) + "&sequence_page=" +
		strconv.FormatUint(p.page, 10)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errors.New("the endpoint, the cache and the topic make no address")
	}
	request.Header.Set("User-Agent", cfg.userAgent())
	if !cfg.QueryAuth {
		request.Header.Set("Authorization", k.Reveal())
	}
	resp, err := p.client.Do(request)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return nil, wrapped.Err
	}
	return resp, err
}

// refused turns an answer other than success into an error.
func (p *poller) refused(resp *http.Response, k *key.Key) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody)) // What there is of it will do.
	a := classify(&response{
		status: resp.StatusCode, contentType: resp.Header.Get("Content-Type"),
		encoding: resp.Header.Get("Content-Encoding"),
		location: resp.Header.Get("Location"), date: resp.Header.Get("Date"),
		retryAfter: resp.Header.Values("Retry-After"), body: body,
	}, secrets{keys: k.Secrets()}, time.Now())
	switch a.Verdict {
	case pipeline.HaltAll, pipeline.HaltTopic, pipeline.HaltCache, pipeline.HaltRoute, pipeline.Reject:
		return &SubscribeError{a}
	case pipeline.Accept, pipeline.SlowDown, pipeline.Retry, pipeline.Ambiguous, pipeline.Unsent:
	}
	return fmt.Errorf("the endpoint answers a subscriber with %s", a.Detail)
}

// polled is an answer to a long poll.
type polled struct {
	Items []struct {
		Item *struct {
			Sequence uint64 `json:"topic_sequence_number"`
			Page     uint64 `json:"sequence_page"`
			Value    struct {
				Text   *string `json:"text"`
				Binary []byte  `json:"binary"` // Base64; or an array of numbers, which is not documented either way.
			} `json:"value"`
		} `json:"item"`
		Discontinuity *struct {
			Last    uint64 `json:"last_topic_sequence"`
			Next    uint64 `json:"new_topic_sequence"`
			NewPage uint64 `json:"new_sequence_page"`
		} `json:"discontinuity"`
	} `json:"items"`
}

// take hands over what is in an answer, and notes where to go on. What was handed over before, as sequence numbers
// tell, is not handed over again.
func (p *poller) take(body []byte, at time.Time) error {
	var answer polled
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("the endpoint's answer to a subscriber is not the expected JSON: %w", err)
	}
	for _, i := range answer.Items {
		if d := i.Discontinuity; d != nil {
			missing := 0
			if d.NewPage == p.page && d.Next > d.Last+1 {
				missing = int(d.Next - d.Last - 1)
			}
			p.next, p.page = d.Next, d.NewPage
			p.Gap(missing)
		}
		if i.Item == nil || i.Item.Page == p.page && i.Item.Sequence < p.next {
			continue
		}
		value := i.Item.Value.Binary
		if text := i.Item.Value.Text; text != nil {
			value = []byte(*text)
		}
		p.next, p.page = i.Item.Sequence+1, i.Item.Page
		p.Received(value, at)
	}
	if len(answer.Items) == 0 {
		return errNothing
	}
	return nil
}

// pollDelays draws each delay evenly from 0 to a bound that doubles from half a second up to 15 s.
func pollDelays() backoff.BackOff {
	return backoff.NewExponentialBackOff(backoff.WithInitialInterval(250*time.Millisecond), backoff.WithMultiplier(2),
		backoff.WithRandomizationFactor(1),
		backoff.WithMaxInterval(7500*time.Millisecond), backoff.WithMaxElapsedTime(0))
}
