package sink

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"momento-bridge/userinfo"
)

// Region is an AWS region that Momento serves, with the cell that answers there. Cell names follow no rule.
type Region struct{ Name, Cell string }

// Regions are the public regions as Momento documented them in August 2026. Others are reached by their cell host.
var Regions = []Region{
	{"us-west-2", "cell-4-us-west-2-1.prod.a.momentohq.com"},
	{"us-east-1", "cell-us-east-1-1.prod.a.momentohq.com"},
	{"us-east-2", "cell-1-us-east-2-1.prod.a.momentohq.com"},
	{"ap-northeast-1", "cell-ap-northeast-1-1.prod.a.momentohq.com"},
	{"ap-southeast-1", "cell-1-ap-southeast-1-1.prod.a.momentohq.com"},
	{"ap-southeast-2", "cell-1-ap-southeast-2-1.prod.a.momentohq.com"},
	{"ap-south-1", "cell-1-ap-south-1-1.prod.a.momentohq.com"},
	{"eu-west-1", "cell-1-eu-west-1-1.prod.a.momentohq.com"},
	{"eu-west-2", "cell-1-eu-west-2-1.prod.a.momentohq.com"},
	{"eu-central-1", "cell-1-eu-central-1-1.prod.a.momentohq.com"},
	{"eu-north-1", "cell-1-eu-north-1-1.prod.a.momentohq.com"},
}

// Endpoint is where to publish: scheme, host and port.
type Endpoint struct {
	TLS  bool
	Host string // Without a port: for the certificate.
	Addr string // Host and port: for the dialer.
	base string // What the request URI starts with. Its scheme is always http: the dialer makes the TLS connection.
}

// String returns the endpoint as a URL.
func (e Endpoint) String() string {
	scheme := "http"
	if e.TLS {
		scheme = "https"
	}
	return scheme + "://" + strings.TrimPrefix(e.base, "http://")
}

// FromRegion returns the endpoint of a region.
func FromRegion(name string) (Endpoint, error) {
	i := slices.IndexFunc(Regions, func(r Region) bool { return r.Name == name })
	if i < 0 {
		return Endpoint{}, fmt.Errorf(
			"unknown region %q%s; `momento-bridge regions` lists them, and `endpoint` takes a cell host", name,
			suggestRegion(name))
	}
	return ParseEndpoint(Regions[i].Cell)
}

// ParseEndpoint reads a cell host, a `cache.` or `api.cache.` host of a cell, or an http or https URL.
func ParseEndpoint(s string) (Endpoint, error) {
	if !strings.Contains(s, "://") {
		return fromHost(s)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return Endpoint{}, fmt.Errorf("endpoint %q is not a URL; write one as https://host or http://127.0.0.1:8080",
			userinfo.Hide(s))
	case u.Scheme != "http" && u.Scheme != "https":
		return Endpoint{}, fmt.Errorf(
			"endpoint %q: the scheme is %q, it must be https or http", userinfo.Hide(s), u.Scheme)
	case u.Hostname() == "":
		return Endpoint{}, fmt.Errorf("endpoint %q has no host", userinfo.Hide(s))
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return Endpoint{}, fmt.Errorf("endpoint %q: write only scheme, host and port; the path /topics/… is added",
			userinfo.Hide(s))
	}
	e := Endpoint{TLS: u.Scheme == "https", Host: u.Hostname(), base: "http://" + u.Host}
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[e.TLS]
	}
	e.Addr = net.JoinHostPort(e.Host, port)
	return e, nil
}

func fromHost(host string) (Endpoint, error) {
	if host == "" || strings.ContainsAny(host, "/?#@ \t\r\n") {
		return Endpoint{},
			fmt.Errorf("endpoint %q is not a host; write a cell host such as %s, or a URL",
				userinfo.Hide(host), Regions[0].Cell)
	}
	if strings.Contains(host, ":") || !strings.Contains(host, ".") || net.ParseIP(host) != nil {
		return Endpoint{},
			fmt.Errorf("endpoint %q is not a cell host; for another server write a URL, such as http://%s", host, host)
	}
	host = strings.TrimPrefix(strings.TrimPrefix(host, "api."), "cache.")
	return ParseEndpoint("https://api.cache." + host)
}

// suggestRegion offers the region that somebody may have meant: the same letters, or a common beginning.
func suggestRegion(name string) string {
	plain := func(s string) string {
		return strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(s))
	}
	for _, r := range Regions {
		if plain(r.Name) == plain(name) || len(name) > 4 && strings.HasPrefix(plain(r.Name), plain(name)) {
			return fmt.Sprintf(" (did you mean %q?)", r.Name)
		}
	}
	return ""
}
