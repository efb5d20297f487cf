package admin

import (
	"encoding/json"
	"net/http"
)

// controlHeader must come with every change, so that no web page can make a browser send one.
const controlHeader = "X-Momento-Bridge"

// Pausing asks for a route to be paused or resumed.
type Pausing struct {
	Route  string // Empty: all.
	Paused bool
	By     string // Who asks, for the log.
}

// controls reports whether a request may change something. If not, it has been answered.
func (c *Config) controls(w http.ResponseWriter, r *http.Request) bool {
	why := c.refuses(r)
	if why == nil {
		return true
	}
	if why.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	answer(w, why.status, why.text)
	return false
}

// serveStatus answers with the status as JSON.
func (c *Config) serveStatus(w http.ResponseWriter, _ *http.Request) { writeJSON(w, c.Status()) }

func writeJSON(w http.ResponseWriter, data any) {
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		answer(w, http.StatusInternalServerError, "the answer cannot be written")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(text, '\n'))
}

// servePause returns the handler that pauses or resumes the route of the query, or all.
func (c *Config) servePause(paused bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !c.controls(w, r) {
			return
		}
		done, err := c.Pause(Pausing{r.URL.Query().Get("route"), paused, whoAsks(r)})
		if err != nil {
			answer(w, http.StatusNotFound, err.Error())
			return
		}
		answer(w, http.StatusOK, done)
	}
}
