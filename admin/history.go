package admin

import "sync"

// remembered is how many samples are kept: ten minutes.
const remembered = 600

// History keeps the latest samples and tells those who watch of each new one. The zero History is empty. It may be used
// concurrently.
type History struct {
	mu      sync.Mutex // Guards the following.
	samples []Sample   // The oldest first.
	added   chan struct{}
}

// Add adds a sample; the oldest is forgotten when there are too many.
func (h *History) Add(s Sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.samples) == remembered {
		h.samples = append(h.samples[:0], h.samples[1:]...)
	}
	h.samples = append(h.samples, s)
	if h.added != nil {
		close(h.added)
		h.added = nil
	}
}

// look returns the latest samples, up to n of them, and what is closed when there is another.
func (h *History) look(n int) ([]Sample, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.added == nil {
		h.added = make(chan struct{})
	}
	return append([]Sample{}, h.samples[max(0, len(h.samples)-n):]...), h.added
}
