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
	// eventBuffer is how much of a watcher's events the system keeps for it, in bytes. With the megabytes that it keeps
	// otherwise, one that reads nothing would be noticed after many minutes.
	eventBuffer = 32 << 10
)

// event is what a watcher is told each second.
type event struct {
	Status Status `json:"status"`
	Sample Sample `json:"sample"`
	Page   view   `json:"page"` // What the page shows of the status.
}

func newEvent(s Status, latest Sample, control bool) event {
	e := event{s, latest, viewOf(&s)}
	e.Page.Control = control
	return e
}

// watchers are those who are sent events.
type watchers struct {
	places   chan struct{}
	patience time.Duration // How long one may take to take one event.
}

func newWatchers() *watchers { return &watchers{make(chan struct{}, maxWatchers), eventTimeout} }

// serveEvents sends server-sent events until the reader or the daemon leaves: first the history, then each second the
// status and the latest sample. A reader that is too slow for that misses some; one that takes nothing is left, so that
// its place is free for others.
func (c *Config) serveEvents(all *watchers) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case all.places <- struct{}{}:
			defer func() { <-all.places }()
		default:
			w.Header().Set("Retry-After", "10")
			answer(w, http.StatusServiceUnavailable,
				fmt.Sprintf("%d pages are being kept up to date already: close some", maxWatchers))
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		keepLittle(r)
		control := c.Control.refuses(r) == nil
		samples, added := c.History.look(remembered)
		if !all.send(w, "history", samples) {
			return
		}
		for all.send(w, "status", newEvent(c.Status(), latest(samples), control)) {
			select {
			case <-r.Context().Done():
				return
			case <-added:
			}
			samples, added = c.History.look(1)
		}
	}
}

// keepLittle lets the system keep few events for a reader.
func keepLittle(r *http.Request) {
	if conn, ok := r.Context().Value(connKey{}).(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = conn.SetWriteBuffer(eventBuffer) // Without it a reader that takes nothing is noticed later.
	}
}

func latest(samples []Sample) Sample {
	if len(samples) == 0 {
		return Sample{}
	}
	return samples[len(samples)-1]
}

// send sends one event. It reports whether the reader took it.
func (all *watchers) send(w http.ResponseWriter, name string, data any) bool {
	text, err := json.Marshal(data)
	if err != nil {
		return false
	}
	out := http.NewResponseController(w)
	// A writer without deadlines is a test's.
	_ = out.SetWriteDeadline(time.Now().Add(all.patience))
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, text); err != nil {
		return false
	}
	return out.Flush() == nil
}
