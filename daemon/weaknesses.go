package daemon

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"momento-bridge/config"
	"momento-bridge/sink"
)

// weaknesses are what works and exposes something, or will be refused where it is used. Each says what to do. Only the
// sentences are told: nothing here keeps the daemon from starting.
var weaknesses = []struct {
	name string
	find func(p *Plan) []string
}{
	{"key of another endpoint", func(p *Plan) []string { return some(strangeKey(p)) }},
	{"key in the query", keyInQuery},
	{"secrets to NATS in the clear", natsInTheClear},
	{"password in a URL", passwordInURL},
	{"listener open to others", openListener},
	{"files open to others", openFiles},
	{"no limit besides a learned one", unlimitedBesideLearned},
}

// weaknessesOf returns what is found of all of them.
func weaknessesOf(p *Plan) []string {
	var texts []string
	for _, w := range weaknesses {
		texts = append(texts, w.find(p)...)
	}
	return texts
}

// some is a list of a text, which may be empty: then there is none.
func some(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// strangeKey says that the key names another endpoint of Momento than the one that is configured.
func strangeKey(p *Plan) string {
	m := &p.file.Momento
	k := p.sink.Keys.Key()
	if m.Region == "" && m.Endpoint == "" || anotherServer(*m) || k == nil || k.Endpoint == "" {
		return ""
	}
	named, err := sink.ParseEndpoint(k.Endpoint)
	if err != nil || named.Host == p.sink.Endpoint.Host {
		return ""
	}
	return fmt.Sprintf("the API key is for %s, and %s is %s, which will refuse it: use the key of that region, or "+
		"remove "+
		"%s, as the key names its endpoint", placeOf(named), p.endpointBy, placeOf(p.sink.Endpoint), p.endpointBy)
}

// placeOf is the region of an endpoint, or its host where that is none of the public regions.
func placeOf(e sink.Endpoint) string {
	for _, r := range sink.Regions {
		if strings.HasSuffix(e.Host, "."+r.Cell) {
			return r.Name
		}
	}
	return e.Host
}

func keyInQuery(p *Plan) []string {
	if !p.sink.QueryAuth {
		return nil
	}
	return []string{"momento.auth: query puts the API key into each URL, which proxies and servers write into their " +
		"access " +
		"logs: use auth: header"}
}

// natsInTheClear names servers on other machines to which a password or a token goes without TLS, unless they ask for
// TLS themselves. Credentials files and NKeys sign, and are not sent.
func natsInTheClear(p *Plan) []string {
	n := &p.file.NATS
	if t := n.TLS; t.CAFile != "" || t.CertFile != "" || t.HandshakeFirst {
		return nil
	}
	var hosts []string
	for server := range strings.SplitSeq(n.URL, ",") {
		u := natsURL(server)
		secret := u.User != nil || n.User != "" || n.TokenFile != ""
		if secret && (u.Scheme == "nats" || u.Scheme == "ws") && !loopback(u.Hostname()) {
			hosts = append(hosts, u.Hostname())
		}
	}
	if len(hosts) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("nats.url: the password or token goes to %s in the clear, unless the server asks for "+
		"TLS: "+
		"write tls:// (wss://), or set nats.tls", strings.Join(hosts, ", "))}
}

// natsURL reads one of the servers of nats.url, as nats.go does. What is wrong with it has been told.
func natsURL(server string) *url.URL {
	server = strings.TrimSpace(server)
	if !strings.Contains(server, "://") {
		server = "nats://" + server
	}
	u, err := url.Parse(server)
	if err != nil {
		return &url.URL{}
	}
	return u
}

func passwordInURL(p *Plan) []string {
	n := &p.file.NATS
	if !slices.ContainsFunc(strings.Split(n.URL, ","), func(s string) bool { return natsURL(s).User != nil }) {
		return nil
	}
	return []string{"nats.url holds a password or a token, which whoever reads the configuration, the command line " +
		"or the " +
		"environment sees: set nats.user and nats.password_file, or nats.token_file"}
}

// openListener is about what other machines reach.
func openListener(p *Plan) []string {
	host, _, err := net.SplitHostPort(p.adminListen)
	if err != nil || loopback(host) {
		return nil
	}
	texts := []string{fmt.Sprintf("admin.listen %s is open to other machines, and whoever reaches it sees status and "+
		"metrics: listen on 127.0.0.1, or let a firewall or a NetworkPolicy admit only those who look", p.adminListen)}
	if p.pprof {
		texts = append(texts, fmt.Sprintf("admin.pprof: whoever reaches %s can read what is in the memory and load "+
			"the "+
			"processor: set pprof: false, or listen on 127.0.0.1", p.adminListen))
	}
	return texts
}

// unlimitedBesideLearned names caches whose quota is learned while all of them together have no limit.
func unlimitedBesideLearned(p *Plan) []string {
	l := &p.file.Limits
	if !l.Rate.Unlimited {
		return nil
	}
	var learned []string
	for name, limit := range l.Caches {
		if limit.Rate.Auto {
			learned = append(learned, name)
		}
	}
	slices.Sort(learned)
	if len(learned) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("limits.rate: unlimited with rate: auto for %s: refusals for the region's quota are "+
		"taken for "+
		"the cache's; set limits.rate: auto, or a number", strings.Join(learned, ", "))}
}

// secretFiles are the files that nobody else should read, by their keys. A context may be one of them.
func secretFiles(c *config.Config) []namedFile {
	n, m := &c.NATS, &c.Momento
	return []namedFile{
		{"nats.creds_file", n.CredsFile},
		{"nats.nkey_file", n.NKeyFile},
		{"nats.password_file", n.PasswordFile},
		{"nats.token_file", n.TokenFile},
		{"nats.tls.key_file", n.TLS.KeyFile},
		{"momento.api_key_file", m.APIKeyFile},
		{"momento.api_key_url_headers_file", m.APIKeyURLHeadersFile},
		{"momento.api_key_url_body_file", m.APIKeyURLBodyFile},
	}
}

// namedFile is a file and the key that names it.
type namedFile struct{ path, name string }
