package emulator

import (
	"hash/fnv"
	"io"
	"net/http"
	"time"
)

// charge takes a publish from the quota.
func (s *Server) charge(r *http.Request, size int) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	cost := 1.0
	if s.settings.Unit == "operations" {
		cost = float64(operations(size))
	}
	if !s.limiter.Take(time.Now(), cost, connection(r)) {
		return &refusal{http.StatusTooManyRequests, "operations_rate_limit_exceeded", "Request rate exceeded."}
	}
	s.stats.operations += operations(size)
	return nil
}

// deliver counts what a subscriber gets, each item as an operation for each KB begun. It is not refused: the quota
// refuses publishes instead. The caller holds the mutex.
func (s *Server) deliver(r *http.Request, items []item) {
	sum := 0
	for _, i := range items {
		sum += operations(i.size)
	}
	s.stats.operations += sum
	if s.settings.Unit == "operations" && sum > 0 {
		s.limiter.Charge(time.Now(), float64(sum), connection(r))
	}
}

// operations is what a message counts that is published or delivered once.
func operations(size int) int { return max(1, (size+1023)/1024) }

// connection tells one connection from another.
func connection(r *http.Request) uint64 {
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, r.RemoteAddr)
	return hash.Sum64()
}
