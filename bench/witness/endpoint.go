package main

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// behaviour is what an endpoint does. The zero behaviour accepts everything.
type behaviour struct {
	status    int      // Answers every publish with this.
	cut       bool     // Resets the connection before it accepts anything,
	lose      bool     // or afterwards, without an answer.
	hang      bool     // Never answers.
	share     float64  // Of the publishes that the above is about; 0: all.
	key       string   // The only one accepted; empty: any.
	forbidden []string // Topics begin with this: 403.
	missing   string   // A cache: 404.
}

// endpoint is a stand-in for Momento's, with a quota, that counts by itself.
type endpoint struct {
	address string
	truth   *truth
	keeps   func(route string) bool // Whether a route has dead letters.

	mu      sync.Mutex // Guards the following.
	does    behaviour
	rate    float64 // The quota, per second.
	tokens  float64
	filled  time.Time
	changed time.Time // The quota.
	proven  float64   // The quota before it was raised, until more than that was accepted; 0: it was.
	recent  [80]time.Time
	next    int
	chance  func() float64
	tallies map[string]*tally
	server  *http.Server
}

// tally is what one route was answered.
type tally struct {
	answers  map[string]int // Publishes by what the daemon calls their result.
	messages int            // Accepted, with an answer.
	unheard  int            // Messages accepted without an answer.
	accepted time.Time      // The last publish that was accepted,
	refused  time.Time      // and the last that was not, but for the quota;
	quota    time.Time      // for the quota.
}

func newEndpoint(t *truth, keeps func(string) bool, chance func() float64, address string) *endpoint {
	e := &endpoint{
		address: address, truth: t, keeps: keeps, chance: chance, tallies: map[string]*tally{}, filled: time.Now(),
	}
	for name := range t.routes {
		e.tallies[name] = &tally{answers: map[string]int{}}
	}
	return e
}

// open listens, and answers until shut is called.
func (e *endpoint) open(ctx context.Context) error {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", e.address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
	e.mu.Lock()
	e.server = server
	e.mu.Unlock()
	go func() { _ = server.Serve(ln) }()
	return nil
}

// shut refuses connections, and breaks those that there are.
func (e *endpoint) shut() {
	e.mu.Lock()
	server := e.server
	e.server = nil
	e.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

func (e *endpoint) set(b behaviour) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.does = b
}

// decide returns the status of a publish; 0: no answer.
func (e *endpoint) decide(r *http.Request, cache, topic string, ids []item) (status int, does behaviour) {
	e.mu.Lock()
	defer e.mu.Unlock()
	does = e.does
	if does.share > 0 && e.chance() >= does.share {
		does = behaviour{}
	}
	switch {
	case does.key != "" && r.Header.Get("Authorization") != does.key:
		return http.StatusUnauthorized, does
	case begins(topic, does.forbidden):
		return http.StatusForbidden, does
	case does.missing == cache:
		return http.StatusNotFound, does
	case does.hang, does.cut:
		return 0, does
	}
	for _, one := range ids {
		if one.Poison {
			return http.StatusBadRequest, does
		}
	}
	now := time.Now()
	e.tokens = min(max(1, e.rate/5), e.tokens+now.Sub(e.filled).Seconds()*e.rate)
	e.filled = now
	if e.tokens < 1 {
		return http.StatusTooManyRequests, does
	}
	e.tokens--
	e.prove(now)
	if does.status != 0 {
		return does.status, does
	}
	return http.StatusNoContent, does
}

func begins(topic string, with []string) bool {
	for _, one := range with {
		if strings.HasPrefix(topic, one) {
			return true
		}
	}
	return false
}

// ServeHTTP implements http.Handler.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || len(parts) != 4 {
		return
	}
	cache, topic := parts[2], parts[3]
	route, items := routeOf(topic), itemsOf(body)
	status, does := e.decide(r, cache, topic, items)
	if status == http.StatusNoContent {
		for _, one := range items {
			e.truth.end(route, one.ID)
		}
	}
	if status == http.StatusBadRequest && len(items) == 1 {
		e.truth.refuse(route, items[0].ID, e.keeps(route))
	}
	e.count(route, status, len(items), does)
	switch {
	case does.hang && status == 0:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case status == 0, does.lose && status == http.StatusNoContent:
		cutOff(w)
		return
	}
	w.WriteHeader(status)
}

func (e *endpoint) count(route string, status, messages int, does behaviour) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.tallies[route]
	if t == nil {
		return
	}
	now := time.Now()
	switch {
	case status == http.StatusNoContent && does.lose:
		t.unheard, t.refused = t.unheard+messages, now
		return
	case status == http.StatusNoContent:
		t.messages, t.accepted = t.messages+messages, now
	case status == http.StatusTooManyRequests:
		t.quota = now
	case status != http.StatusBadRequest:
		t.refused = now
	}
	if status != 0 {
		t.answers[resultOf(status)]++
	}
}

// resultOf is what the daemon's metrics call a status.
func resultOf(status int) string {
	switch {
	case status >= 500:
		return "5xx"
	case status == 204, status == 400, status == 401, status == 403, status == 404, status == 429:
		return strconv.Itoa(status)
	}
	return "other"
}

// cutOff resets the connection.
func cutOff(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// tally returns what a route was answered so far.
func (e *endpoint) tally(route string) tally {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := *e.tallies[route]
	t.answers = maps.Clone(t.answers)
	return t
}
