package emulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Config is what an emulator is made with.
type Config struct {
	APIKey string // Empty: any credential is accepted.
	// Tokens are accepted besides the key. Each has an id, as a disposable token may, which subscribers get with what
	// was published with it.
	Tokens     map[string]string
	Caches     []string // Empty: every cache exists.
	Forbidden  []string // Topics that the key may not publish to, as cache/topic; a * at the end matches anything.
	MaxPayload int      // Bytes; 0: 4096.
	// OversizeStatus answers a body that is too large: 400 (0), 413 or 429. Momento's documentation does not say which.
	OversizeStatus int
	// RefusalBody is the form of a 429's body: json (empty string), err, text or empty.
	RefusalBody string
	RetryAfter  time.Duration // Sent with a 429; 0: not sent, as Momento documents none.
	Seed        uint64        // Of the faults, the jitter, the others' traffic and what is refused at random.
	Settings
	// OnAccept is called for each accepted publish before it is answered, by many goroutines at once. It may keep the
	// body.
	OnAccept func(cache, topic string, body []byte)
	// Script may answer a publish with a status of its own; 0 leaves it to the emulator. It is called after the check
	// of the cache.
	Script func(cache, topic string, body []byte) int
}

// Settings can change while the emulator runs.
type Settings struct {
	Rate       float64       // Per second; 0: no limit.
	Burst      float64       // 0: the rate, at least 1.
	Limiter    string        // One of the kinds of limiters; empty: a bucket.
	Window     time.Duration // Of the limiters that have one; 0: 1 s.
	Shards     int           // Of a sharded limiter; 0: 8.
	Background float64       // Which share of the quota others use, from 0 to 1.
	Random429  float64       // Which share of the publishes is refused at random, whatever their rate, from 0 to 1.
	Unit       string        // publishes (also the empty string) or operations.
	Latency    time.Duration
	Jitter     time.Duration // At most this is added to the latency, evenly distributed.
	Faults     []Fault
	Documented
}

// Server is the emulator. Its methods may be called concurrently.
type Server struct {
	cfg  Config
	stop chan struct{} // Closed when Serve ends: releases hanging requests and long polls.
	once sync.Once

	changing sync.Mutex // Held while settings are read, changed and put in force.

	mu       sync.Mutex // Guards the following.
	apiKey   string
	settings Settings
	limiter  Limiter
	rng      *rand.Rand
	stats    counts
	topics   map[topicName]*topicState
	polls    int // Under way.
}

// New returns an emulator. An error says which setting is wrong.
func New(cfg Config) (*Server, error) {
	if cfg.MaxPayload == 0 {
		cfg.MaxPayload = 4096
	}
	if cfg.OversizeStatus == 0 {
		cfg.OversizeStatus = http.StatusBadRequest
	}
	if !slices.Contains([]string{"", "json", "err", "text", "empty"}, cfg.RefusalBody) {
		return nil, fmt.Errorf("unknown refusal body %q: it is json, err, text or empty", cfg.RefusalBody)
	}
	if cfg.RetryAfter < 0 {
		return nil, fmt.Errorf("retry-after %v must not be negative", cfg.RetryAfter)
	}
	s := &Server{
		cfg: cfg, apiKey: cfg.APIKey, stop: make(chan struct{}), rng: rand.New(rand.NewPCG(cfg.Seed, 0)),
		stats: newCounts(), topics: map[topicName]*topicState{},
	}
	return s, s.Set(cfg.Settings)
}

// Set puts new settings in force. The limiter starts full.
func (s *Server) Set(settings Settings) error {
	l, err := NewLimiter(settings, s.cfg.Seed, time.Now())
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.random += RandomOf(s.limiter)
	if settings.page() != s.settings.page() {
		for _, t := range s.topics {
			t.begin()
		}
	}
	s.settings, s.limiter = settings, l
	return nil
}

// SetAPIKey replaces the accepted key: from now on every other key is refused.
func (s *Server) SetAPIKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apiKey = key
}

// Serve answers on ln until ctx is done. Then hanging requests and long polls end at once; others get a second to end.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ConnState:         s.connection,
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		s.once.Do(func() { close(s.stop) })
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(ln)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the emulator: %w", err)
}

func (s *Server) connection(_ net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.stats.opened++
		s.stats.open++
	case http.StateClosed, http.StateHijacked:
		s.stats.open--
	case http.StateActive, http.StateIdle:
	}
}
