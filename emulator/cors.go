package emulator

import "net/http"

// letBrowsersIn lets pages of any origin read an answer, as the service does: a page that subscribes or publishes can
// be developed against the emulator alone.
func letBrowsersIn(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
}

// preflight answers what a browser asks before it sends the key or a content type of its own. It carries no key. A page
// may send any header, and a page of a public address may use an emulator on this machine.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Allow", allowed)
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked) // A * would not stand for Authorization.
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// allowed are the methods of a topic.
const allowed = "GET, POST, OPTIONS"
