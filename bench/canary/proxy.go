package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// proxy stands before the endpoint. It plants faults and counts what the canary costs.
type proxy struct {
	url    string
	server *http.Server
	rules  atomic.Pointer[rules]

	mu    sync.Mutex                   // Guards the following.
	under map[*context.CancelFunc]bool // Ends of polls under way.

	publishes, polls, items atomic.Int64 // Of canaries: publishes accepted, polls begun, polls answered.
}

// rules are what goes wrong.
type rules struct {
	swallow bool          // Publishes of canaries are accepted, and go nowhere.
	refuse  int           // A status for publishes of canaries.
	deaf    int           // A status for subscribers.
	mute    bool          // Subscribers get no answer.
	cut     bool          // Subscribers' connections are closed.
	late    time.Duration // Subscribers get their answers so much later.
	all     int           // A status for everything.
}

func newProxy(endpoint string) (*proxy, error) {
	to, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("the endpoint: %w", err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	p := &proxy{url: "http://" + ln.Addr().String(), under: map[*context.CancelFunc]bool{}}
	p.rules.Store(&rules{})
	behind := httputil.NewSingleHostReverseProxy(to)
	behind.ErrorLog = nil
	behind.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	behind.ModifyResponse = func(r *http.Response) error {
		if r.Request.Method == http.MethodGet {
			time.Sleep(p.rules.Load().late)
			for p.rules.Load().mute && r.Request.Context().Err() == nil {
				time.Sleep(10 * time.Millisecond)
			}
			p.items.Add(1)
		}
		return nil
	}
	p.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(behind, w, r) }),

		ReadHeaderTimeout: time.Minute,
	}
	go func() { _ = p.server.Serve(ln) }()
	return p, nil
}

// set changes what goes wrong, for polls that are under way as well.
func (p *proxy) set(r rules) {
	p.rules.Store(&r)
	if r.deaf != 0 || r.cut {
		p.mu.Lock()
		defer p.mu.Unlock()
		for end := range p.under {
			(*end)()
		}
	}
}

// follow lets set end a poll.
func (p *proxy) follow(r *http.Request) (_ *http.Request, done func()) {
	ctx, end := context.WithCancel(r.Context())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under[&end] = true
	return r.WithContext(ctx), func() {
		end()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.under, &end)
	}
}

func (p *proxy) serve(behind http.Handler, w http.ResponseWriter, r *http.Request) {
	rules, canary := p.rules.Load(), strings.Contains(r.URL.Path, "momento-bridge-canary")
	publish := r.Method == http.MethodPost
	switch {
	case rules.all != 0:
		answer(w, r, rules.all)
	case publish && canary && rules.refuse != 0:
		answer(w, r, rules.refuse)
	case publish && canary && rules.swallow:
		answer(w, r, http.StatusNoContent)
	case !publish && rules.deaf != 0:
		answer(w, r, rules.deaf)
	case !publish && rules.cut:
		panic(http.ErrAbortHandler)
	case !publish && rules.mute:
		<-r.Context().Done()
	default:
		if publish && canary {
			p.publishes.Add(1)
		}
		if !publish {
			p.polls.Add(1)
			var done func()
			r, done = p.follow(r)
			defer done()
		}
		behind.ServeHTTP(w, r)
	}
}

func answer(w http.ResponseWriter, r *http.Request, status int) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.WriteHeader(status)
}
