package daemon

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/sink"
	"momento-bridge/terminal"
)

// What check and run say of a configuration.

func batchNote(b config.Batch) string {
	if b.Format == config.FormatNone {
		return "none"
	}
	text := fmt.Sprintf("%s, up to %d bytes", b.Format, b.MaxBytes)
	if b.MaxMessages > 0 {
		text += fmt.Sprintf(" or %d messages", b.MaxMessages)
	}
	if b.Linger > 0 {
		text += fmt.Sprintf(", lingering %v", b.Linger)
	}
	return text
}

func ageNote(d config.Duration) string {
	if d == 0 {
		return "messages never expire"
	}
	return fmt.Sprintf("messages expire after %v", d)
}

// warnings are what is allowed and probably not meant.
func warnings(f *config.File, p *Plan, now time.Time) []string {
	return slices.Concat(p.SinkWarnings(now), quotaWarnings(&f.Config), emptyWarnings(f))
}

// SinkWarnings are those about the endpoint and the key.
func (p *Plan) SinkWarnings(now time.Time) []string {
	var texts []string
	if text := endpointWarning(p); text != "" {
		texts = append(texts, "the endpoint is "+text)
	}
	if text := forwardingWarning(p); text != "" {
		texts = append(texts, text)
	}
	if text := keyWarning(p, now); text != "" {
		texts = append(texts, "the API key "+text)
	}
	return texts
}

// endpointWarning is empty for an endpoint to which the key travels safely.
func endpointWarning(p *Plan) string {
	e := p.sink.Endpoint
	switch {
	case e.Host == "" || e.TLS:
		return ""
	case !loopback(e.Host):
		return "plain HTTP on another machine: the API key travels in the clear; use https://"
	case distantProxy(p.sink):
		return "plain HTTP through a proxy on another machine: the API key travels in the clear; use https://, or momento.proxy: none"
	}
	return ""
}

// forwardingWarning is empty unless several publishes in flight go to a proxy that takes the requests itself.
func forwardingWarning(p *Plan) string {
	e := p.sink.Endpoint
	if e.Host == "" || e.TLS || p.pipeline.InFlight < 2 || throughProxy(p.sink) == "" {
		return ""
	}
	return fmt.Sprintf("momento.in_flight: %d to an http:// endpoint through a proxy: many proxies take one publish at a time, "+
		"and those behind it become unclear; use https://, or set momento.in_flight: 1", p.pipeline.InFlight)
}

// connectionsNote says how many publishes may be in flight.
func connectionsNote(p *Plan) string {
	text := terminal.Plural(p.pipeline.Workers, "connection")
	if p.pipeline.InFlight > 1 {
		text += fmt.Sprintf(" with up to %d publishes in flight on each", p.pipeline.InFlight)
	}
	return text
}

// keyWarning is empty for a key that lasts, or is replaced.
func keyWarning(p *Plan, now time.Time) string {
	k := p.sink.Keys.Key()
	if k == nil || p.sink.Keys.Vended() || k.Expires.IsZero() || k.Expires.After(now.Add(keyNotice)) {
		return ""
	}
	what := "expires within a day, on "
	if !k.Expires.After(now) {
		what = "has expired on "
	}
	return what + k.Expires.UTC().Format(time.RFC3339) + ": put a new one into the key file"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func consumed(c config.Route) string {
	subjects := strings.Join(c.Filters(), ", ")
	if c.Stream == "" {
		return "core NATS " + subjects + " (queue " + c.Queue + ")"
	}
	if subjects == "" {
		return "stream " + c.Stream
	}
	return "stream " + c.Stream + " " + subjects
}

// natsNote says how NATS is reached.
func natsNote(n *config.NATS) string {
	text := redactURL(n.URL)
	if n.Context != "" {
		text += ", context " + n.Context
	}
	if n.Domain != "" {
		text += ", JetStream domain " + n.Domain
	}
	if n.APIPrefix != "" {
		text += ", JetStream under " + n.APIPrefix
	}
	return text
}

// adminNote is where the status page will be.
func adminNote(listen string) string {
	u, err := admin.URL(listen)
	if err != nil {
		return listen + " (the log says which port it is)"
	}
	return u.JoinPath("/").String() + " (status page, /readyz, /metrics)"
}

// keyNote says what kind of key is in use.
func (p *Plan) keyNote() string {
	if k := p.sink.Keys.Key(); k != nil {
		return string(k.Kind) + expiry(k.Expires)
	}
	return "from the token vending machine, fetched when the daemon starts"
}

func endpointNote(c sink.Config) string {
	if c.Endpoint.Host == "" {
		return "the one that the vended key names"
	}
	return c.Endpoint.String()
}

func expiry(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	left := time.Until(t)
	if left < 0 {
		return ", EXPIRED on " + t.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf(", expires %s (in %v)", t.UTC().Format(time.RFC3339), left.Round(time.Second))
}

// redactURL hides the user information of NATS URLs.
func redactURL(list string) string {
	urls := strings.Split(list, ",")
	for i, one := range urls {
		scheme, rest, ok := strings.Cut(one, "://")
		if !ok { // As nats.go reads it.
			scheme, rest = "nats", one
		}
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			urls[i] = strings.TrimSpace(scheme) + "://xxxxx" + rest[at:]
		}
	}
	return strings.Join(urls, ",")
}
