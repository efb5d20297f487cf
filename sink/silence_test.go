package sink

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

// What a server may do to a connection on which nothing is awaited.
var unasked = map[string]func(*peerConn){
	"an acceptance": func(c *peerConn) { c.write(ok204) },
	"a rejection": func(c *peerConn) {
		c.write(
			"HTTP/1.1 400 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	},
	"a farewell": func(c *peerConn) {
		c.write(
			"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")
		c.Close()
	},
	"a byte":               func(c *peerConn) { c.write("H") },
	"empty lines":          func(c *peerConn) { c.write("\r\n\r\n") },
	"half an answer":       func(c *peerConn) { c.write("HTTP/1.1 204 No Content\r\nServer: x") },
	"its end":              func(c *peerConn) { c.Close() },
	"its end, for writing": func(c *peerConn) { _ = c.Conn.(interface{ CloseWrite() error }).CloseWrite() },
	"a reset":              func(c *peerConn) { c.resetUnder() },
}

// resetUnder closes with a TCP reset, without TLS's farewell.
func (c *peerConn) resetUnder() {
	raw := c.Conn
	if secured, ok := raw.(*tls.Conn); ok {
		raw = secured.NetConn()
	}
	_ = raw.(*net.TCPConn).SetLinger(0)
	raw.Close()
}

// securely returns what a server and a sink need for TLS 1.3: a peer's configuration, and a change of the sink's.
func securely(t *testing.T) (*tls.Config, func(*Config)) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, certificatePEM(server.Certificate().Raw))
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS13},
		func(c *Config) { c.CAFile = ca }
}

// Whether it is seen while the connection is watched, or only by the look before a publish, it is never taken for the
// answer to that publish, which goes out on a new connection.
func TestWhatComesOnAnIdleConnectionBelongsToNoPublish(t *testing.T) {
	t.Parallel()
	secure, trust := securely(t)
	for _, depth := range []int{1, 8} {
		for scheme, server := range map[string]*tls.Config{"plain": nil, "TLS": secure} {
			for name, do := range unasked {
				for _, watched := range []bool{true, false} {
					t.Run(fmt.Sprintf("%s, depth %d, %s, watched %v", name, depth, scheme, watched),
						func(t *testing.T) {
							t.Parallel()
							p := newPeer(t, server)
							m := newMomento(t, p.url, trust)
							if server == nil {
								m = newMomento(t, p.url, nil)
							}
							idleThenUnasked(t, p, newTestConnection(t, m, depth), do, watched)
						})
				}
			}
		}
	}
}

func idleThenUnasked(t *testing.T, p *peer, l *testConnection, do func(*peerConn), watched bool) {
	t.Helper()
	l.send("a")
	c := p.accept()
	c.read(1)
	c.write(ok204)
	l.expect("a: accept 204")
	if watched {
		do(c)
		l.awaitNone()
		l.send("b")
	} else {
		l.within(func() { // Nobody reads meanwhile.
			do(c)
			l.Send([]*pipeline.Request{{
				Cache: "c", Topic: "t", Payload: []byte("b"), Start: time.Now(),
				Deadline: time.Now().Add(10 * time.Second),
			}}, false)
		})
	}
	c = p.accept()
	if got := c.read(1)[0]; got != "b" {
		t.Errorf("the new connection carries %q", got)
	}
	c.write(ok204)
	l.expect("b: accept 204")
	l.close()
}

// Whoever sends while the connection is watched looks, too.
func TestTrySendSendsOnASilentConnectionOnly(t *testing.T) {
	t.Parallel()
	secure, trust := securely(t)
	for scheme, server := range map[string]*tls.Config{"plain": nil, "TLS": secure} {
		for name, do := range unasked {
			t.Run(name+", "+scheme, func(t *testing.T) {
				t.Parallel()
				p := newPeer(t, server)
				m := newMomento(t, p.url, trust)
				if server == nil {
					m = newMomento(t, p.url, nil)
				}
				l := newTestConnection(t, m, 1)
				try := func(payload string) bool {
					return l.TrySend(&pipeline.Request{
						Cache: "c", Topic: "t", Payload: []byte(payload),
						Start: time.Now(), Deadline: time.Now().Add(10 * time.Second),
					})
				}
				if try("too early") {
					t.Error("something is sent without a connection")
				}
				l.send("a")
				c := p.accept()
				if c.read(1); try("busy") {
					t.Error("something is sent while an answer is awaited")
				}
				c.write(ok204)
				l.expect("a: accept 204")
				for end := time.Now().Add(time.Minute); !try("b"); time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatal("nothing can be sent on an idle connection")
					}
				}
				if got := c.read(1)[0]; got != "b" {
					t.Errorf("%q arrives", got)
				}
				c.write(ok204)
				l.expect("b: accept 204")
				if do(c); try("c") {
					t.Error("something is sent although something has come")
				}
				l.awaitNone()
				l.close()
			})
		}
	}
}
