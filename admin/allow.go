package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Rule says who may pause, resume and reload. Whoever may ask may always look.
type Rule uint8

// The rules. A peer on the Unix socket may control under all of them but ControlNone: the file's mode lets in nobody
// else than the daemon's user and root.
const (
	ControlLoopback     Rule = iota // Who asks from this machine.
	ControlNone                     // Nobody.
	ControlCertificates             // Who has a client certificate that the listener has verified.
	ControlToken                    // Who has the token.
)

// Control says who may change something.
type Control struct {
	Rule Rule
	// Token returns the token of ControlToken as it is now. An error says nothing that a stranger should not know.
	Token func(ctx context.Context) (string, error)
}

// refusal is why a request may not change anything, and what to do.
type refusal struct {
	status int
	text   string
}

// forwarding are the headers by which a proxy tells that it asks for somebody else, and what others begin with.
var (
	forwarding = [...]string{
		"Forwarded", "Via", "X-Real-Ip", "X-Original-Forwarded-For", "True-Client-Ip", "Client-Ip", "X-Client-Ip",
		"X-Cluster-Client-Ip", "X-Proxyuser-Ip", "X-Envoy-External-Address", "X-Envoy-Internal", "Cf-Connecting-Ip",
		"Cf-Ray", "Cdn-Loop", "Fastly-Client-Ip", "Fly-Client-Ip", "X-Azure-Clientip", "X-Azure-Socketip",
		"X-Appengine-User-Ip",
	}
	forwardingPrefixes = [...]string{"X-Forwarded", "Tailscale-"}
)

// isForwarded reports whether a proxy says that it asks for somebody else, even if it does not say for whom.
func isForwarded(h http.Header) bool {
	for _, name := range forwarding {
		if _, has := h[name]; has {
			return true
		}
	}
	for name := range h {
		for _, prefix := range forwardingPrefixes {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return false
}

// refuses returns why a request may not change anything; nil: it may.
func (c *Config) refuses(r *http.Request) *refusal {
	if r.Header.Get(controlHeader) != "1" {
		return &refusal{http.StatusForbidden, "send the header " + controlHeader + ": 1"}
	}
	if fromAnotherSite(r) {
		return &refusal{http.StatusForbidden, "a page of another site may change nothing here"}
	}
	return c.Control.refuses(r)
}

// fromAnotherSite reports whether a browser sends a request for a page that is not ours. Programs tell neither.
func fromAnotherSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host)
}

// refuses looks at who asks. What a proxy says of others is never believed: it only shows that somebody else asks.
func (c *Control) refuses(r *http.Request) *refusal {
	if c.Rule == ControlNone {
		return &refusal{http.StatusForbidden, "nothing can be changed here: admin.control is none"}
	}
	local := isLocal(r)
	if c.Rule != ControlLoopback && local && overSocket(r) {
		return nil
	}
	switch c.Rule {
	case ControlCertificates:
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			return &refusal{http.StatusForbidden, "show a client certificate that admin.web_config_file accepts " +
				"(--cert-file, --key-file), or use the Unix socket of admin.listen on the daemon's machine"}
		}
	case ControlToken:
		return c.wantsToken(r)
	case ControlLoopback, ControlNone:
		if !local {
			return &refusal{http.StatusForbidden, "changes are taken from the daemon's own machine alone, and not " +
				"through a proxy: run `momento-bridge pause`, `resume` or `reload` there (kubectl exec, ssh), or set " +
				"admin.control to the path of a token file or to client-certificates"}
		}
	}
	return nil
}

// wantsToken compares without telling by its time how much is right.
func (c *Control) wantsToken(r *http.Request) *refusal {
	want, err := c.Token(r.Context())
	if err != nil {
		return &refusal{http.StatusServiceUnavailable, err.Error()}
	}
	given, isToken := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(strings.TrimSpace(given))), sha256.Sum256([]byte(want))
	if !isToken || want == "" || subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
		return &refusal{http.StatusUnauthorized, "give the token of admin.control: --token-file, or the header " +
			"Authorization: Bearer"}
	}
	return nil
}

// isLocal reports whether who asks is a program on this machine, for itself.
func isLocal(r *http.Request) bool {
	if isForwarded(r.Header) {
		return false
	}
	if overSocket(r) {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// overSocket reports whether a request came over a Unix socket.
func overSocket(r *http.Request) bool {
	address, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return address != nil && address.Network() == "unix"
}

// whoAsks names the peer for the log.
func whoAsks(r *http.Request) string {
	switch {
	case overSocket(r):
		return "the Unix socket"
	case r.TLS != nil && len(r.TLS.VerifiedChains) > 0:
		return r.RemoteAddr + " " + r.TLS.VerifiedChains[0][0].Subject.String()
	}
	return r.RemoteAddr
}
