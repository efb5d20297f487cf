package admin

import (
	"net/http"
	"strings"
)

// Reloaded is what a reload of the configuration has changed.
type Reloaded struct {
	Added   []string `json:"added"`   // Routes.
	Removed []string `json:"removed"` // Routes.
	Changed []string `json:"changed"` // Routes.
	Limits  bool     `json:"limits"`  // The limits are others now.
	// Settings that have changed and take effect when the daemon is restarted.
	Restart []string `json:"restart"`
}

// serveReload lets the daemon read its configuration again. One with problems changes nothing, and all of them are
// answered.
func (c *Config) serveReload(w http.ResponseWriter, r *http.Request) {
	if !c.controls(w, r) {
		return
	}
	if c.Reload == nil {
		answer(w, http.StatusNotImplemented, "this daemon has no configuration that can be read again: restart it")
		return
	}
	done, err := c.Reload(r.Context())
	if err != nil {
		answer(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	for _, names := range []*[]string{&done.Added, &done.Removed, &done.Changed, &done.Restart} {
		if *names == nil {
			*names = []string{}
		}
	}
	writeJSON(w, done)
}

// String says in a sentence what has changed.
func (r *Reloaded) String() string {
	var parts []string
	for _, change := range []struct {
		what  string
		names []string
	}{{"added", r.Added}, {"removed", r.Removed}, {"changed", r.Changed}} {
		if len(change.names) > 0 {
			parts = append(parts, change.what+" "+strings.Join(change.names, ", "))
		}
	}
	if r.Limits {
		parts = append(parts, "other limits")
	}
	text := "reloaded: nothing has changed"
	if len(parts) > 0 {
		text = "reloaded: " + strings.Join(parts, "; ")
	}
	if len(r.Restart) > 0 {
		text += "; these take a restart: " + strings.Join(r.Restart, ", ")
	}
	return text
}
