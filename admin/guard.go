package admin

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds what a request may send, in bytes.
const maxBody = 4 << 10

// policy lets the page load nothing but its own parts, and nobody frame it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses requests for a name that is not ours, bounds what is read, and tells browsers to be strict.
func (c *Config) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if !c.knows(r.Host) && !c.forMachines(r.URL.Path) {
			answer(w, http.StatusMisdirectedRequest,
				"this host name is not known here: ask by address, or add the name to admin.hosts")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// knows reports whether a request may be for this host. A page from elsewhere whose name resolves to our address (DNS
// rebinding) sends its own name; an address cannot be taken over that way. HTTP/1.0 sends none.
func (c *Config) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return host == "" || host == "localhost" || net.ParseIP(host) != nil || slices.Contains(c.Hosts, host)
}

// forMachines reports whether a path is for probes and scrapers, which know a daemon by whatever name their platform
// gives it. They are let in where the listener is open to others anyway.
func (c *Config) forMachines(path string) bool {
	return c.Open && (path == "/livez" || path == "/readyz" || path == "/metrics")
}
