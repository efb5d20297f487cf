package admin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// asks is a request to pause, from a peer.
type asks struct {
	from    string // The peer's address; empty: the Unix socket.
	headers map[string]string
	secured bool // With a verified client certificate.
}

func (a asks) request() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:9464/api/v1/pause", nil)
	local := net.Addr(&net.TCPAddr{})
	if r.RemoteAddr = a.from; a.from == "" {
		r.RemoteAddr, local = "@", &net.UnixAddr{Name: "/run/a.sock", Net: "unix"}
	}
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
	r.Header.Set(controlHeader, "1")
	for name, value := range a.headers {
		r.Header.Set(name, value)
	}
	if a.secured {
		r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{}}}}
	}
	return r
}

func TestWhoMayControlTheDaemon(t *testing.T) {
	t.Parallel()
	const here, there = "127.0.0.1:5000", "10.0.0.7:5000"
	token := func(context.Context) (string, error) { return "the-token", nil }
	with := func(name, value string) map[string]string { return map[string]string{name: value} }
	bearer := func(token string) map[string]string { return with("Authorization", "Bearer "+token) }
	for name, tt := range map[string]struct {
		rule Rule
		who  asks
		want int // 0: it may.
	}{
		"loopback":                  {ControlLoopback, asks{from: here}, 0},
		"loopback, IPv6":            {ControlLoopback, asks{from: "[::1]:5000"}, 0},
		"loopback, IPv4 as IPv6":    {ControlLoopback, asks{from: "[::ffff:127.0.0.1]:5000"}, 0},
		"another machine":           {ControlLoopback, asks{from: there}, 403},
		"no address":                {ControlLoopback, asks{from: "x"}, 403},
		"the socket":                {ControlLoopback, asks{}, 0},
		"without the header":        {ControlLoopback, asks{here, with(controlHeader, "0"), false}, 403},
		"a proxy here":              {ControlLoopback, asks{here, with("X-Forwarded-For", "127.0.0.1"), false}, 403},
		"a proxy here, by RFC 7239": {ControlLoopback, asks{here, with("Forwarded", "for=127.0.0.1"), false}, 403},
		"a proxy here, by Via":      {ControlLoopback, asks{here, with("Via", "1.1 x"), false}, 403},
		"a proxy at the socket":     {ControlLoopback, asks{"", with("X-Real-Ip", "127.0.0.1"), false}, 403},
		"a proxy that hides whom":   {ControlLoopback, asks{here, with("X-Forwarded-For", ""), false}, 403},
		"a proxy here, by its port": {ControlLoopback, asks{here, with("X-Forwarded-Port", "443"), false}, 403},
		"an ingress":                {ControlLoopback, asks{here, with("X-Original-Forwarded-For", "x"), false}, 403},
		"a mesh":                    {ControlLoopback, asks{here, with("X-Envoy-External-Address", "x"), false}, 403},
		"a cloud":                   {ControlLoopback, asks{here, with("X-Client-Ip", "10.1.1.1"), false}, 403},
		"a tunnel":                  {ControlLoopback, asks{here, with("Tailscale-User-Login", "x"), false}, 403},
		"a lie about the peer":      {ControlLoopback, asks{there, with("X-Forwarded-For", "127.0.0.1"), false}, 403},
		"another site's page":       {ControlLoopback, asks{here, with("Origin", "https://evil.example"), false}, 403},
		"a page without an origin":  {ControlLoopback, asks{here, with("Origin", "null"), false}, 403},
		"our page at another port":  {ControlLoopback, asks{here, with("Origin", "http://127.0.0.1:80"), false}, 403},
		"our page":                  {ControlLoopback, asks{here, with("Origin", "http://127.0.0.1:9464"), false}, 0},
		"fetched from another site": {ControlLoopback, asks{here, with("Sec-Fetch-Site", "cross-site"), false}, 403},
		"fetched from a neighbour":  {ControlLoopback, asks{here, with("Sec-Fetch-Site", "same-site"), false}, 403},
		"fetched from our page":     {ControlLoopback, asks{here, with("Sec-Fetch-Site", "same-origin"), false}, 0},
		"nobody, loopback":          {ControlNone, asks{from: here}, 403},
		"nobody, the socket":        {ControlNone, asks{}, 403},
		"a certificate":             {ControlCertificates, asks{there, nil, true}, 0},
		"none, from here":           {ControlCertificates, asks{from: here}, 403},
		"none, at the socket":       {ControlCertificates, asks{}, 0},
		"certificate, another site": {ControlCertificates, asks{there, with("Origin", "http://evil.test"), true}, 403},
		"a token":                   {ControlToken, asks{there, bearer("the-token"), false}, 0},
		"another token":             {ControlToken, asks{there, bearer("the-tokem"), false}, 401},
		"a longer token":            {ControlToken, asks{there, bearer("the-token2"), false}, 401},
		"an empty token":            {ControlToken, asks{there, with("Authorization", "Bearer "), false}, 401},
		"a password":                {ControlToken, asks{there, with("Authorization", "Basic the-token"), false}, 401},
		"no token, from here":       {ControlToken, asks{from: here}, 401},
		"no token, at the socket":   {ControlToken, asks{}, 0},
		"no token, forwarded to it": {ControlToken, asks{"", with("Via", "1.1 x"), false}, 401},
		"token through a proxy": {
			ControlToken,
			asks{here, map[string]string{"Authorization": "Bearer the-token", "Via": "1"}, false},
			0,
		},
		"a certificate and no token": {ControlToken, asks{there, nil, true}, 401},
	} {
		cfg := Config{Control: Control{tt.rule, token}}
		got, text := 0, ""
		if why := cfg.refuses(tt.who.request()); why != nil {
			got, text = why.status, why.text
		}
		if got != tt.want {
			t.Errorf("%s: %d %s, want %d", name, got, text, tt.want)
		}
	}
	for _, broken := range []Control{
		{ControlToken, func(context.Context) (string, error) { return "", nil }},
		{ControlToken, func(context.Context) (string, error) { return "", errors.New("it cannot be read") }},
	} {
		cfg := Config{Control: broken}
		if cfg.refuses(asks{there, with("Authorization", "Bearer "), false}.request()) == nil {
			t.Error("without a token everybody may control")
		}
	}
}

func TestThePageOffersControlToThoseWhoMay(t *testing.T) {
	t.Parallel()
	for _, rule := range []Rule{ControlLoopback, ControlNone} {
		url, _ := listener(t, Config{
			Control: Control{Rule: rule}, History: &History{}, Status: func() Status { return Status{} },
		})
		if next := firstPage(t, url); next.Control != (rule == ControlLoopback) {
			t.Errorf("rule %d: the page offers it: %v", rule, next.Control)
		}
	}
}
