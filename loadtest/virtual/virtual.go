// Package virtual is an endpoint without a network: publishers and subscribers call the emulator themselves. So a load
// test can run in a bubble of testing/synctest, where a minute takes no time and every rate is exact. Only tests use
// it.
package virtual

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline"
	"momento-bridge/sink"
)

// Endpoint answers publishers and subscribers. It may be used concurrently.
type Endpoint struct {
	Server *emulator.Server
	// IdleLimit is how long a connection may lie idle until it is replaced when it is used next; 0: for ever.
	IdleLimit time.Duration
	// Handshake is how long it takes until there is a connection.
	Handshake time.Duration
	opened    atomic.Uint64
}

// Opened is the number of connections opened so far.
func (e *Endpoint) Opened() uint64 { return e.opened.Load() }

// Publisher returns a publisher with a connection of its own, as sink.Momento does.
func (e *Endpoint) Publisher() *Publisher { return &Publisher{endpoint: e} }

// Publisher makes one publish after the other. One goroutine calls its methods.
type Publisher struct {
	endpoint *Endpoint
	address  string // Empty: there is no connection.
	used     time.Time
}

// Connect makes the connection, unless there is one that may lie idle for half the limit from now on.
func (p *Publisher) Connect(time.Time) error {
	p.open(p.endpoint.IdleLimit / 2)
	return nil
}

// open makes a connection, unless there is one that was used so lately.
func (p *Publisher) open(limit time.Duration) {
	now := time.Now()
	if p.address == "" || limit > 0 && now.Sub(p.used) >= limit {
		p.address = fmt.Sprintf("127.0.0.1:%d", p.endpoint.opened.Add(1))
		time.Sleep(p.endpoint.Handshake)
		now = time.Now()
	}
	p.used = now
}

// Publish sends a publish, and blocks until it is answered or its deadline has passed.
func (p *Publisher) Publish(r *pipeline.Request) pipeline.Answer {
	p.open(p.endpoint.IdleLimit)
	ctx, cancel := context.WithDeadline(context.Background(), r.Deadline)
	defer cancel()
	answer, ok := p.endpoint.ask(ctx, http.MethodPost, target(r.Cache, r.Topic), p.address, r.Payload)
	if !ok {
		p.address = ""
		return pipeline.Answer{Verdict: pipeline.Ambiguous, Detail: "no answer"}
	}
	return judge(answer)
}

// Close does nothing.
func (p *Publisher) Close() {}

// Subscribe listens to a topic until ctx is done. It does not look at what comes.
func (e *Endpoint) Subscribe(ctx context.Context, s sink.Subscription) error {
	for next := uint64(0); ctx.Err() == nil; {
		answer, ok := e.ask(ctx, http.MethodGet, target(s.Cache, s.Topic)+"?sequence_number="+strconv.FormatUint(
			next, 10), "", nil)
		if !ok {
			return nil
		}
		if answer.Code == http.StatusTooManyRequests && s.Brief {
			return &sink.SubscribeError{Answer: judge(answer)}
		}
		if answer.Code != http.StatusOK {
			time.Sleep(time.Second) // As a subscriber that is told to slow down.
			continue
		}
		var polled struct {
			Items []struct {
				Item *struct {
					Sequence uint64 `json:"topic_sequence_number"`
				}
			}
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &polled); err != nil {
			return fmt.Errorf("the answer to a subscriber: %w", err)
		}
		for _, i := range polled.Items {
			if i.Item != nil {
				next = i.Item.Sequence + 1
			}
		}
	}
	return nil
}

func target(cache, topic string) string { return "/topics/" + cache + "/" + topic }

// ask makes a request, and reports whether it was answered.
func (e *Endpoint) ask(ctx context.Context, method, target, from string,
	body []byte,
) (_ *httptest.ResponseRecorder, ok bool) {
	defer func() {
		if failed := recover(); failed != nil {
			if failed != http.ErrAbortHandler { //nolint:errorlint // As net/http compares it.
				panic(failed)
			}
			ok = false // The emulator has closed the connection.
		}
	}()
	request := httptest.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	request.RemoteAddr = from
	request.Header.Set("Authorization", "a-key")
	request.Header.Set("Content-Type", "application/octet-stream")
	answer := httptest.NewRecorder()
	e.Server.ServeHTTP(answer, request)
	return answer, ctx.Err() == nil
}

// judge says what an answer means, as the sink does.
func judge(answer *httptest.ResponseRecorder) pipeline.Answer {
	a := pipeline.Answer{Status: answer.Code}
	switch answer.Code {
	case http.StatusNoContent:
		a.Verdict = pipeline.Accept
		return a
	case http.StatusTooManyRequests:
		a.Verdict = pipeline.SlowDown
	case http.StatusUnauthorized:
		a.Verdict = pipeline.HaltAll
	case http.StatusForbidden:
		a.Verdict = pipeline.HaltTopic
	case http.StatusNotFound:
		a.Verdict = pipeline.HaltCache
	case http.StatusBadRequest:
		a.Verdict = pipeline.Reject
	default:
		a.Verdict = pipeline.Retry
	}
	var said struct{ Message string }
	_ = json.Unmarshal(answer.Body.Bytes(), &said) // Without a text it says nothing.
	a.Detail = strconv.Itoa(answer.Code) + " " + said.Message
	return a
}
