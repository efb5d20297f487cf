package chaos

import (
	"slices"
	"testing"
	"time"
)

// ownPages are servers that answer everything with a page of their own, and how they come to be well.
var ownPages = []ownPage{
	{"nginx with a small client_max_body_size", nginxPage("client_max_body_size 1; " + nginxPasses), "413"},
	{"nginx for other hosts", nginxPage("location /elsewhere/ { return 204; }"), "404"},
	{"HAProxy that takes requests for bad ones", haproxyPage("http-request deny deny_status 400"), "400"},
	{"httpd that forbids", httpdPage("<Location />\n    Require all denied\n  </Location>"), "403"},
	{"httpd that knows no POST", httpdPage(httpdAnswers("405")), "405"},
}

// morePages are of other servers, for the long form.
var morePages = []ownPage{
	{"nginx that forbids", nginxPage("location / { deny all; }"), "403"},
	{"nginx that answers what it was not asked", nginxPage("location / { return 400; }"), "400"},
	{"HAProxy that forbids", haproxyPage("http-request deny"), "403"},
	{"HAProxy that takes requests for too large", haproxyPage("http-request deny deny_status 413"), "413"},
	{"httpd that finds nothing", httpdPage(httpdAnswers("404")), "404"},
	{"httpd that takes requests for too large", httpdPage(httpdAnswers("413")), "413"},
}

type ownPage struct {
	name  string
	start func(*testing.T) (s *neutral, well string) // The configuration with which it is well.
	named string
}

func nginxPage(rules string) func(*testing.T) (*neutral, string) {
	return func(t *testing.T) (*neutral, string) { t.Helper(); return startNginx(t, rules), nginxWith(nginxPasses) }
}

func haproxyPage(rules string) func(*testing.T) (*neutral, string) {
	return func(t *testing.T) (*neutral, string) { t.Helper(); return startHAProxy(t, rules), haproxyWith("") }
}

func httpdPage(rules string) func(*testing.T) (*neutral, string) {
	return func(t *testing.T) (*neutral, string) { t.Helper(); return startHTTPd(t, rules), httpdWith(httpdPasses) }
}

// What a server says of its own accord is held against no message.
func TestServersOwnPagesLoseNothing(t *testing.T) {
	t.Parallel()
	all := slices.Concat(ownPages, morePages)
	for i, tt := range pick(ownPages, all, all) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, well := tt.start(t)
			e := startBackend(t, s)
			d := behind(t, s, i%2 == 1)
			d.notReady(tt.named)
			time.Sleep(500 * time.Millisecond)
			if ended := d.outcomes(); len(ended) > 0 {
				t.Errorf("messages ended as %v, want none", ended)
			}
			s.reconfigure(well)
			e.awaitOnce(d)
		})
	}
}

// The backend of a proxy is down, so that it answers with a page of its own until that is back.
func TestProxyWithoutItsBackendLosesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		start func(*testing.T) *neutral
		named string
	}{
		"nginx":   {func(t *testing.T) *neutral { t.Helper(); return startNginx(t, nginxPasses) }, "502"},
		"HAProxy": {func(t *testing.T) *neutral { t.Helper(); return startHAProxy(t, "") }, "503"},
		"httpd":   {func(t *testing.T) *neutral { t.Helper(); return startHTTPd(t, httpdPasses) }, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.start(t)
			d := behind(t, s, false)
			d.notReady(tt.named)
			e := startBackend(t, s)
			e.awaitOnce(d)
		})
	}
}

// behindMessages is how many messages wait for a daemon behind a server.
const behindMessages = 200

// behind starts a daemon that has something to publish through a server.
func behind(t *testing.T, s *neutral, secure bool) *daemon {
	t.Helper()
	n := startNATS(t)
	n.stream("S", "s.>")
	n.publish(1000, behindMessages)
	momento := "  connections: 8"
	if secure {
		momento += "\n  tls: {ca_file: " + s.pair.File + "}"
	}
	where := settings{nats: n.Address, endpoint: s.url(secure), momento: momento, route: ", ordering: none"}
	return startDaemon(t, where.write(t))
}

// awaitOnce waits until everything behind a server is published, and checks that it was accepted once, but for what is
// ambiguous.
func (e *endpoint) awaitOnce(d *daemon) {
	e.t.Helper()
	if outcomes := d.ends(behindMessages, patience); outcomes["published"] != behindMessages {
		e.t.Errorf("messages ended as %v, want all %d published", outcomes, behindMessages)
	}
	accountForCopies(e.t, e, d, behindMessages)
}
