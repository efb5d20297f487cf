package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// maxWatchers bounds the pages that are kept up to date at a time.
	maxWatchers = 32
	// eventTimeout is how long a reader may take to take one event; after that it is left.
	eventTimeout = 10 * time.Second
)

// event is what a watcher is told each second.
type event struct {
	Status Status `json:"status"`
	Sample Sample `json:"sample"`
	Page   view   `json:"page"` // What the page shows of the status.
}

func newEvent(s Status, latest Sample) event { return event{s, latest, viewOf(&s)} }

// serveEvents sends server-sent events until the reader or the daemon leaves: first the history, then each second the
// status and the latest sample. A reader that is too slow for that misses some.
func (c *Config) serveEvents(watchers chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case watchers <- struct{}{}:
			defer func() { <-watchers }()
		default:
			w.Header().Set("Retry-After", "10")
			answer(w, http.StatusServiceUnavailable,
				fmt.Sprintf("%d pages are being kept up to date already: close some", maxWatchers))
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		samples, added := c.History.look(remembered)
		send(w, "history", samples)
		for send(w, "status", newEvent(c.Status(), latest(samples))) {
			select {
			case <-r.Context().Done():
				return
			case <-added:
			}
			samples, added = c.History.look(1)
		}
	}
}

func latest(samples []Sample) Sample {
	if len(samples) == 0 {
		return Sample{}
	}
	return samples[len(samples)-1]
}

// send sends one event. It reports whether the reader took it.
func send(w http.ResponseWriter, name string, data any) bool {
	text, err := json.Marshal(data)
	if err != nil {
		return false
	}
	out := http.NewResponseController(w)
	// A writer without deadlines is a test's.
	_ = out.SetWriteDeadline(time.Now().Add(eventTimeout))
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, text); err != nil {
		return false
	}
	return out.Flush() == nil
}
