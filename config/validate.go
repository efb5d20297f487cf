package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate fills the defaults that follow from other keys and notes every problem that the file alone shows.
func (f *File) Validate() {
	if f.broken[""] {
		return
	}
	f.checkNATS()
	f.checkMomento()
	f.checkLimits()
	f.checkAdmin()
	f.checkCoordination()
	f.checkRoutes()
	f.checkCanary()
}

func (f *File) checkNATS() {
	n := f.NATS
	if why := badServers(n.URL); why != "" {
		f.fail("nats.url", "nats.url %s", why)
	}
	f.checkJetStream()
	first := ""
	for _, kind := range [...]struct{ key, value string }{
		{"creds_file", n.CredsFile}, {"nkey_file", n.NKeyFile}, {"user", n.User}, {"token_file", n.TokenFile},
	} {
		if kind.value == "" {
			continue
		}
		if first != "" {
			f.Problemf("nats."+kind.key, "nats.%s and nats.%s are both set: keep one kind of credential",
				first, kind.key)
		}
		first = kind.key
	}
	f.needs("nats.user", n.User, "nats.password_file", n.PasswordFile)
	f.needs("nats.password_file", n.PasswordFile, "nats.user", n.User)
	f.needs("nats.tls.cert_file", n.TLS.CertFile, "nats.tls.key_file", n.TLS.KeyFile)
	f.needs("nats.tls.key_file", n.TLS.KeyFile, "nats.tls.cert_file", n.TLS.CertFile)
}

// needs notes a value that makes no sense without another one.
func (f *File) needs(path, value, otherPath, other string) {
	if value != "" && other == "" && !f.broken[otherPath] {
		f.Problemf(path, "%s needs %s", path, otherPath)
	}
}

func (f *File) checkMomento() {
	m := f.Momento
	if m.Region != "" && m.Endpoint != "" {
		f.Problemf("momento.endpoint", "momento.region and momento.endpoint are both set: keep one")
	}
	if m.APIKeyFile != "" && m.APIKeyURL != "" {
		f.Problemf("momento.api_key_url", "momento.api_key_file and momento.api_key_url are both set: keep one")
	}
	f.checkVendor()
	if looksLikeKey(m.APIKeyFile) {
		f.fail("momento.api_key_file",
			"momento.api_key_file holds what looks like the key itself: write the key into a file and name "+
				"that file here")
	}
	if f.ShutdownTimeout < m.Timeout+Duration(time.Second) && !f.broken["momento.timeout"] {
		f.Problemf("shutdown_timeout",
			"shutdown_timeout %v must be at least a second longer than momento.timeout %v: an attempt that has begun "+
				"is finished",
			f.ShutdownTimeout, m.Timeout)
	}
}

func (f *File) checkVendor() {
	m := f.Momento
	if why := badVendor(m.APIKeyURL); m.APIKeyURL != "" && why != "" {
		f.Problemf("momento.api_key_url", "momento.api_key_url %s", why)
	}
	f.needs("momento.api_key_url_headers_file", m.APIKeyURLHeadersFile, "momento.api_key_url", m.APIKeyURL)
	f.needs("momento.api_key_url_body_file", m.APIKeyURLBodyFile, "momento.api_key_url", m.APIKeyURL)
	post := m.APIKeyURLMethod == MethodPost
	if post && m.APIKeyURL == "" {
		f.Problemf("momento.api_key_url_method", "momento.api_key_url_method needs momento.api_key_url")
	}
	if !post && m.APIKeyURLBodyFile != "" && !f.broken["momento.api_key_url_method"] {
		f.Problemf("momento.api_key_url_body_file", "momento.api_key_url_body_file is for POST, a GET has no body: "+
			"write api_key_url_method: POST, or remove api_key_url_body_file")
	}
}

// badVendor says what is wrong with a token vending machine's address; empty if nothing is. The address itself may
// hold secrets.
func badVendor(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "is not a URL: write one such as https://vending.example.com/token"
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case u.Scheme == "https", u.Scheme == "http" && local:
		return ""
	case u.Scheme == "http":
		return "is plain HTTP to another machine: keys would travel in the clear; use https://"
	}
	return "must begin with https://"
}

// looksLikeKey recognises a Momento key where the name of a file is expected, so that it is not printed.
func looksLikeKey(name string) bool {
	return strings.HasPrefix(name, "eyJ") || len(name) > 200 && !strings.ContainsAny(name, "/\\")
}

func (f *File) checkLimits() {
	for name, limit := range f.Limits.Caches {
		if limit.Rate == (Rate{}) && !f.broken["limits.caches."+name+".rate"] {
			f.Problemf("limits.caches."+name, "limits.caches.%s has no rate: write one such as {rate: 5}", name)
		}
		if !slices.ContainsFunc(f.Routes, func(r Route) bool { return r.Cache == name }) && len(f.Routes) > 0 {
			f.Problemf("limits.caches."+name, "limits.caches names the cache %q, to which no route publishes", name)
		}
	}
	if why := badSubject(f.Limits.Group); why != "" || strings.ContainsAny(f.Limits.Group, ".*>") {
		f.Problemf("limits.group", "limits.group %q: use a plain word without dots, wildcards and spaces",
			f.Limits.Group)
	}
}

// badHost finds what is no host name in a list separated by commas, which may be empty.
func badHost(list string) (string, bool) {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); list != "" && (name == "" || strings.ContainsAny(name, "/:*? ")) {
			return name, true
		}
	}
	return "", false
}

// maxRoutes bounds the routes: each has a label in the metrics and a share of the queue.
const maxRoutes = 1000

func (f *File) checkRoutes() {
	if len(f.Routes) == 0 {
		f.Problemf("routes", "there is no route: list at least one under routes, or give --subject and --cache")
	}
	names, consumers := map[string]int{}, map[string]int{}
	for i := range f.Routes {
		path := fmt.Sprintf("routes[%d]", i)
		if f.broken[path] {
			continue
		}
		f.checkRoute(path, &f.Routes[i])
		r := f.Routes[i]
		f.unique(names, r.Name, i, path+".name", "two routes have the name "+strconv.Quote(r.Name))
		if r.Stream != "" && r.Name != "" && !r.Partitioned() {
			f.unique(consumers, r.Stream+" "+r.Consumer, i, path+".consumer",
				fmt.Sprintf("two routes use the consumer %q of stream %q: each needs its own", r.Consumer, r.Stream))
		}
		f.checkOverlap(i)
	}
	f.checkPartitionStreams()
	f.checkLoops()
}

// checkOverlap notes a core route whose messages another route of the same queue group would take away: NATS hands
// each message to one member of a group, whatever subject the member asked for.
func (f *File) checkOverlap(i int) {
	r := f.Routes[i]
	for n, other := range f.Routes[:i] {
		if r.Stream != "" || other.Stream != "" || r.Queue != other.Queue {
			continue
		}
		if mine, ok := anyOverlap(r.Filters(), other.Filters()); ok {
			theirs, _ := anyOverlap(other.Filters(), []string{mine})
			f.Problemf(fmt.Sprintf("routes[%d].%s", i, r.subjectKey()),
				"subject %q overlaps with %q of routes[%d] in the same queue group %q, so that each message goes to "+
					"only one of them: "+
					"give one of them another queue", mine, theirs, n, r.Queue)
			return
		}
	}
}

// unique notes a value that an earlier route has too.
func (f *File) unique(seen map[string]int, value string, i int, path, text string) {
	if value == "" {
		return
	}
	if first, ok := seen[value]; ok {
		f.Problemf(path, "%s (the other is routes[%d])", text, first)
		return
	}
	seen[value] = i
}
