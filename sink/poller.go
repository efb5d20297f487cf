package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// poller is a subscription under way. It belongs to one goroutine.
type poller struct {
	momento *Momento
	Subscription
	client  *http.Client
	place   place
	note    *note // Of a break that is to be told, once what follows it in its answer is known.
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
	var sent atomic.Int64 // When the request was written, after began; 0: it was not.
	began := time.Now()
	once = httptrace.WithClientTrace(once, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { sent.Store(int64(max(1, time.Since(began)))) },
	})
	resp, err := p.ask(once, k)
	if err != nil {
		if at := time.Duration(sent.Load()); at > 0 && time.Since(began)-at >= listened {
			p.place.waited()
		}
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
	address := string(target) + separator + "sequence_number=" + strconv.FormatUint(p.place.next, 10) +
		"&sequence_page=" + strconv.FormatUint(p.place.page, 10)
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
	case pipeline.SlowDown:
		if resp.StatusCode == http.StatusTooManyRequests {
			return &SubscribeError{a}
		}
	case pipeline.Accept, pipeline.Retry, pipeline.Ambiguous, pipeline.Unsent:
	}
	return fmt.Errorf("the endpoint answers a subscriber with %s", a.Detail)
}
