package admin

import (
	"encoding/json"
	"net/http"
)

// controlHeader must come with every change, so that no web page can make a browser send one.
const controlHeader = "X-Momento-Bridge"

// controls reports whether a request may change something. If not, it has been answered.
func (c *Config) controls(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get(controlHeader) != "1" {
		answer(w, http.StatusForbidden, "send the header "+controlHeader+": 1")
		return false
	}
	return true
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
func (c *Config) servePause(paused bool, done string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !c.controls(w, r) {
			return
		}
		if err := c.Pause(r.URL.Query().Get("route"), paused); err != nil {
			answer(w, http.StatusNotFound, err.Error())
			return
		}
		answer(w, http.StatusOK, done)
	}
}
