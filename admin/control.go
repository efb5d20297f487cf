package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"momento-bridge/printable"
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
	_, _ = w.Write(append(printable.JSON(text), '\n')) // People read it in a terminal.
}

// servePause returns the handler that pauses or resumes the route of the query, or all.
func (c *Config) servePause(paused bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !c.controls(w, r) {
			return
		}
		route, err := routeOf(r)
		if err != nil {
			answer(w, http.StatusBadRequest, err.Error())
			return
		}
		done, err := c.Pause(Pausing{route, paused, whoAsks(r)})
		if err != nil {
			answer(w, http.StatusNotFound, err.Error())
			return
		}
		answer(w, http.StatusOK, done)
	}
}

// errRoute is for a request of which a part would be passed over, so that all routes would be meant and not the one.
var errRoute = errors.New(
	"name a route in the query as ?route=NAME, percent-encoded and once, or leave out query and " +
		"body for all routes")

// routeOf returns the route that a request names; empty: all of them.
func routeOf(r *http.Request) (string, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || r.ContentLength != 0 {
		return "", errRoute
	}
	if len(query) == 0 {
		return "", nil
	}
	named := query["route"]
	if len(query) != 1 || len(named) != 1 || named[0] == "" {
		return "", errRoute
	}
	return named[0], nil
}
