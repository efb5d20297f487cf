package sink

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// Proxy is an HTTP proxy. It prints without its user and password. A nil proxy is none.
type Proxy struct {
	Addr   string // Host and port.
	Origin string // What names it: momento.proxy, or a variable.

	url           *url.URL // With user and password.
	authorization string   // What Proxy-Authorization says; empty without user and password.
}

// String returns the proxy's address, without user and password.
func (p Proxy) String() string { return "http://" + p.Addr }

// Note says which proxy it is and where that comes from.
func (p Proxy) Note() string { return p.String() + ", from " + p.Origin }

// GoString keeps user and password out of %#v.
func (p Proxy) GoString() string { return p.String() }

// proxyForm is what a proxy's address looks like.
const proxyForm = "http://host:port, or http://user:password@host:port with %XX for special characters of both"

// parseProxy reads a proxy's address. The error says what to do, and holds nothing of the address, in which a
// password may stand anywhere.
func parseProxy(origin, address string) (*Proxy, error) {
	scheme, _, ok := strings.Cut(address, "://")
	if !ok {
		return nil, fmt.Errorf("%s has no scheme: write %s", origin, proxyForm)
	}
	if scheme = strings.ToLower(scheme); scheme != "http" {
		kind := otherScheme(scheme)
		return nil, fmt.Errorf("%s names %s: only http:// proxies are supported, so write %s", origin, kind, proxyForm)
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%s is not the address of a proxy: write %s", origin, proxyForm)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return nil, fmt.Errorf("%s holds more than a proxy's host and port: write %s", origin, proxyForm)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, fmt.Errorf("%s: the port must be from 1 to 65535: write %s", origin, proxyForm)
	}
	p := &Proxy{Addr: net.JoinHostPort(u.Hostname(), port), Origin: origin, url: &url.URL{Scheme: "http", User: u.User}}
	p.url.Host = p.Addr
	if u.User != nil {
		password, _ := u.User.Password()
		p.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	return p, nil
}

// otherScheme says which kind of proxy an unsupported scheme stands for. A scheme that is not known may be a part of
// a password.
func otherScheme(scheme string) string {
	switch scheme {
	case "https", "socks", "socks4", "socks4a", "socks5", "socks5h":
		return "a proxy with the scheme " + scheme + "://"
	}
	return "a proxy of another kind"
}

// secrets are the user and the password, as they are and as they are sent.
func (p *Proxy) secrets() []string {
	if p == nil || p.authorization == "" {
		return nil
	}
	user := p.url.User.Username()
	password, _ := p.url.User.Password()
	return []string{strings.TrimPrefix(p.authorization, "Basic "), user + ":" + password, password, user}
}

// told is what can be told of a text of the proxy, in one line.
func (p *Proxy) told(text string) string { return (&secrets{proxy: p}).told(text, maxExcerpt) }

// Proxies chooses the proxy for a server: one for all, none, or what the environment says. A nil Proxies chooses
// none. It may be used concurrently.
type Proxies struct {
	one    *Proxy
	getenv func(string) string // nil: the environment has no say.
}

// The setting that names proxies, and its value for none.
const (
	proxySetting = "momento.proxy"
	noProxy      = "none"
)

// NewProxies returns what momento.proxy means: the address of a proxy for all servers, "none", or nothing, and then
// the environment has its say, in the way of golang.org/x/net/http/httpproxy. The error says what to do, and holds
// nothing of the setting.
func NewProxies(setting string, getenv func(string) string) (*Proxies, error) {
	switch setting {
	case "":
		return &Proxies{getenv: getenv}, nil
	case noProxy:
		return &Proxies{}, nil
	}
	one, err := parseProxy(proxySetting, setting)
	if err != nil {
		return nil, fmt.Errorf("%w; or none", err)
	}
	return &Proxies{one: one}, nil
}

// ForEndpoint returns the proxy for an endpoint, nil for none, or if that depends on the endpoint and that is not
// known. The error says what to do.
func (p *Proxies) ForEndpoint(e Endpoint) (*Proxy, error) {
	switch {
	case p == nil:
		return nil, nil
	case p.one != nil:
		return p.one, nil
	case e.Host == "":
		return nil, nil
	}
	return p.fromEnvironment(parsed(e.String()))
}

// ForVendor is ForEndpoint for a token vending machine's address. No proxy of ours stands between this machine and
// itself: there, and only there, keys may travel in the clear.
func (p *Proxies) ForVendor(address string) (*Proxy, error) {
	if p == nil {
		return nil, nil
	}
	u := parsed(address)
	if p.one == nil {
		return p.fromEnvironment(u)
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil, nil
	}
	return p.one, nil
}

// Note says which proxy leads to an endpoint, if any, and where that comes from; empty if nothing has been said of
// proxies.
func (p *Proxies) Note(e Endpoint) string {
	proxy, err := p.ForEndpoint(e)
	switch {
	case p == nil || err != nil:
		return ""
	case proxy != nil:
		return proxy.Note()
	case p.getenv == nil:
		return "none, from " + proxySetting
	}
	if e.Host == "" {
		e.TLS = true // As all of Momento's do.
	}
	name, value := p.variable(parsed(e.String()))
	switch {
	case value == "":
		return ""
	case e.Host == "":
		return "as " + name + " and NO_PROXY say, once the endpoint is known"
	}
	return "none: " + name + " is not for this endpoint, by NO_PROXY or as it is on this machine"
}

// variable returns the variable that names the proxy for a URL, and its value.
func (p *Proxies) variable(u *url.URL) (name, value string) {
	if u.Scheme == "https" {
		return p.either("https_proxy", "HTTPS_PROXY")
	}
	return p.either("http_proxy", "HTTP_PROXY")
}

// either returns the first of two variables that is set, and its value.
func (p *Proxies) either(lower, upper string) (name, value string) {
	if value := p.getenv(lower); value != "" {
		return lower, value
	}
	return upper, p.getenv(upper)
}

// fromEnvironment returns the proxy that the environment names for a URL. httpproxy says only whether there is one:
// what it cannot read it passes over in silence.
func (p *Proxies) fromEnvironment(u *url.URL) (*Proxy, error) {
	if p.getenv == nil {
		return nil, nil
	}
	name, value := p.variable(u)
	if value == "" {
		return nil, nil
	}
	const whichever = "proxy"
	_, except := p.either("no_proxy", "NO_PROXY")
	cgi := p.getenv("REQUEST_METHOD") != ""
	asked := httpproxy.Config{HTTPProxy: whichever, HTTPSProxy: whichever, NoProxy: except, CGI: cgi}
	found, err := asked.ProxyFunc()(u)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s may be a client's where there is REQUEST_METHOD: %s", name, insteadOfVariable)
	case found == nil:
		return nil, nil
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	proxy, err := parseProxy(name, value)
	if err != nil {
		return nil, fmt.Errorf("%w; or %s", err, insteadOfVariable)
	}
	return proxy, nil
}

const insteadOfVariable = "name a proxy in " + proxySetting + "; " + proxySetting + ": none ignores the environment"

// parsed returns a URL, an empty one of what is none.
func parsed(address string) *url.URL {
	if u, err := url.Parse(address); err == nil {
		return u
	}
	return &url.URL{}
}

// ProxyError says that a server could not be reached because of the proxy before it, or because of the way to that.
type ProxyError struct {
	Server string // Host and port.
	Proxy  *Proxy
	Err    error
}

func (e *ProxyError) Error() string {
	return "connect to " + e.Server + " through the proxy " + e.Proxy.Addr + ": " + e.Err.Error()
}

func (e *ProxyError) Unwrap() error { return e.Err }

// unreachable is the error of who could not connect to the proxy.
func (p *Proxy) unreachable(server string, err error) error {
	return &ProxyError{server, p, fmt.Errorf("the proxy cannot be reached: %w", err)}
}
