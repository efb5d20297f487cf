package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// badServers says what is wrong with a list of NATS servers; empty if nothing is. Of a URL it shows nothing, as it
// may hold a password.
func badServers(list string) string {
	for server := range strings.SplitSeq(list, ",") {
		if why := badServer(strings.TrimSpace(server)); why != "" {
			return why
		}
	}
	return ""
}

func badServer(server string) string {
	if !strings.Contains(server, "://") {
		server = "nats://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return "names no server: write one such as nats://127.0.0.1:4222, several separated by commas, an IPv6 " +
			"address in brackets"
	}
	switch u.Scheme {
	case "nats", "tls", "ws", "wss":
	default:
		return "has the scheme " + u.Scheme + "://: write nats://, tls://, ws:// or wss://, or none"
	}
	if strings.Contains(u.Hostname(), ":") && (net.ParseIP(u.Hostname()) == nil || !strings.HasPrefix(u.Host, "[")) {
		return "has a host with a colon that is no IPv6 address in brackets: write one such as nats://[::1]:4222"
	}
	if n, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || n < 1 || n > 65535) {
		return "has a port that is not from 1 to 65535"
	}
	return ""
}

// checkJetStream checks where JetStream is asked, and where its answers come.
func (f *File) checkJetStream() {
	n := &f.NATS
	n.APIPrefix = strings.TrimSuffix(n.APIPrefix, ".")
	n.InboxPrefix = strings.TrimSuffix(n.InboxPrefix, ".")
	if n.Domain != "" && n.APIPrefix != "" {
		f.Problemf("nats.api_prefix",
			"nats.domain and nats.api_prefix are both set: keep one; a domain D is short for the prefix $JS.D.API")
	}
	if why := badSubject(n.Domain); n.Domain != "" && (why != "" || strings.ContainsAny(n.Domain, ".*>")) {
		f.Problemf("nats.domain",
			"nats.domain %q is not a domain: use the plain word that the server has as jetstream.domain", n.Domain)
	}
	for _, prefix := range [...]struct{ path, value string }{
		{"nats.api_prefix", n.APIPrefix},
		{"nats.inbox_prefix", n.InboxPrefix},
	} {
		switch {
		case prefix.value == "" && prefix.path == "nats.api_prefix":
		case prefix.value == "":
			f.Problemf(prefix.path,
				"%s is empty: answers need a subject; write _INBOX, or what the NATS user may subscribe to, such as "+
					"_INBOX_bridge", prefix.path)
		case badSubject(prefix.value) != "":
			f.Problemf(prefix.path, "%s %q: %s", prefix.path, prefix.value, badSubject(prefix.value))
		case strings.ContainsAny(prefix.value, "*>"):
			f.Problemf(prefix.path, "%s %q has a wildcard: write the tokens before it", prefix.path, prefix.value)
		}
	}
}
