package sink

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/excerpt"
	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// service is what a proxy does on a connection whose first request it has read, of which in has the rest.
type service func(conn net.Conn, in *bufio.Reader, r *http.Request)

// scripted is a proxy. What it does with a request is told by its test.
type scripted struct {
	addr string

	mu       sync.Mutex // Guards the following.
	requests []*http.Request
}

// newScripted returns a proxy. serve has each connection until it returns, from the first request on, of which the
// head was read.
func newScripted(t *testing.T, serve service) *scripted {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &scripted{addr: ln.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
				in := bufio.NewReader(conn)
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				p.mu.Lock()
				p.requests = append(p.requests, r)
				p.mu.Unlock()
				serve(conn, in, r)
			})
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	return p
}

// asked returns the requests so far, each as method, target, Host and Proxy-Authorization.
func (p *scripted) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, r := range p.requests {
		text := r.Method + " " + r.RequestURI + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
		all = append(all, strings.TrimSpace(text))
	}
	return all
}

// carry is a proxy's usual work for CONNECT: to that server, whatever was asked for.
func carry(conn net.Conn, in *bufio.Reader, server, answer string) {
	there, err := net.Dial("tcp", server)
	if err != nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer there.Close()
	if _, err := io.WriteString(conn, answer); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(there, in); _ = there.(*net.TCPConn).CloseWrite() })
	both.Go(func() { _, _ = io.Copy(conn, there); _ = conn.(*net.TCPConn).CloseWrite() })
	both.Wait()
}

// carryTo is what a proxy does that leads to one server only.
func carryTo(server *httptest.Server) service {
	return func(conn net.Conn, in *bufio.Reader, _ *http.Request) {
		carry(conn, in, server.Listener.Addr().String(), connected)
	}
}

const (
	connected     = "HTTP/1.1 200 Connection established\r\n\r\n"
	proxyUser     = "the-user"
	proxyPassword = "hush&hush/=" //nolint:gosec // Nobody's.
)

// through returns what leads to all endpoints through a proxy.
func through(t *testing.T, addr string) *Proxies {
	t.Helper()
	all, err := NewProxies("http://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// authorized is through with user and password.
func authorized(t *testing.T, addr string) *Proxies {
	t.Helper()
	return through(t, proxyUser+":hush%26hush%2F%3D@"+addr)
}

const authorization = "Basic dGhlLXVzZXI6aHVzaCZodXNoLz0="

// secureEndpoint answers 204 over TLS with a certificate for example.com, 127.0.0.1 and ::1.
func secureEndpoint(t *testing.T, listen string) (server *httptest.Server, ca string) {
	t.Helper()
	accept := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	server = httptest.NewUnstartedServer(http.HandlerFunc(accept))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	if listen != "" {
		ln, err := net.Listen("tcp", listen)
		if err != nil {
			t.Skipf("no such address on this machine: %v", err)
		}
		server.Listener.Close()
		server.Listener = ln
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, certificatePEM(server.Certificate().Raw))
	return server, ca
}

func TestSecureEndpointIsReachedByATunnel(t *testing.T) {
	t.Parallel()
	f := func(listen, host, answer string) {
		t.Helper()
		server, ca := secureEndpoint(t, listen)
		names := make(chan string, 10)
		server.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			names <- hello.ServerName
			return nil, nil
		}
		there := server.Listener.Addr().String()
		_, port, _ := net.SplitHostPort(there)
		proxy := newScripted(t, func(conn net.Conn, in *bufio.Reader, _ *http.Request) {
			carry(conn, in, there, answer)
		})
		target := net.JoinHostPort(host, port)
		m := newMomento(t, "https://"+target, func(c *Config) { c.CAFile, c.Proxies = ca, authorized(t, proxy.addr) })
		for _, p := range []*Publisher{m.Publisher(), m.Publisher()} {
			for range 3 {
				if a := p.Publish(request("t", []byte("x"))); a.Verdict != pipeline.Accept {
					t.Errorf("%s: %+v", host, a)
				}
			}
			p.Close()
		}
		if err := m.Try(); err != nil {
			t.Error(err)
		}
		asked := "CONNECT " + target + " " + target + " " + authorization
		if got := proxy.asked(); !slices.Equal(got, []string{asked, asked, asked}) {
			t.Errorf("the proxy was asked %q, want three times %q", got, asked)
		}
		if m.Opened() != 3 {
			t.Errorf("%d connections, want 3", m.Opened())
		}
		want := host
		if net.ParseIP(host) != nil {
			want = "" // No name.
		}
		if name := <-names; name != want {
			t.Errorf("the endpoint is asked for as %q, want %q", name, want)
		}
	}
	f("", "example.com", connected)
	f("", "127.0.0.1", "HTTP/1.0 200 OK\r\nProxy-Agent: x\r\nContent-Length: 0\r\n\r\n")
	f("[::1]:0", "::1",
		"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Fine\r\n\r\n")
}

func TestSeveralInFlightGoThroughTheTunnel(t *testing.T) {
	t.Parallel()
	server, ca := secureEndpoint(t, "")
	proxy := newScripted(t, carryTo(server))
	m := newMomento(t, server.URL, func(c *Config) { c.CAFile, c.Proxies = ca, through(t, proxy.addr) })
	c := m.Connection(8)
	defer c.Close()
	var rs []*pipeline.Request
	for range 8 {
		rs = append(rs, request("t", []byte("x")))
	}
	c.Send(rs, false)
	var answers []pipeline.Answered
	for len(answers) < len(rs) {
		answers = c.Receive(answers)
	}
	for _, a := range answers {
		if a.Answer.Verdict != pipeline.Accept {
			t.Errorf("%+v", a.Answer)
		}
	}
	if got := len(proxy.asked()); got != 1 {
		t.Errorf("%d tunnels, want 1", got)
	}
}

func TestPlainEndpointIsNamedToTheProxyInEachRequest(t *testing.T) {
	t.Parallel()
	type seen struct{ target, host, proxyAuth, auth, body string }
	got := make(chan seen, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		head := r.Header
		got <- seen{r.RequestURI, r.Host, head.Get("Proxy-Authorization"), head.Get("Authorization"), string(body)}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer proxy.Close()
	f := func(address string, all func(*testing.T, string) *Proxies, query bool, want seen) {
		t.Helper()
		proxies := all(t, strings.TrimPrefix(proxy.URL, "http://"))
		m := newMomento(t, address, func(c *Config) { c.Proxies, c.QueryAuth = proxies, query })
		p := m.Publisher()
		defer p.Close()
		for range 2 {
			if a := p.Publish(request("t", []byte("x"))); a.Verdict != pipeline.Accept {
				t.Errorf("%s: %+v", address, a)
			}
			if g := <-got; g != want {
				t.Errorf("the proxy saw %+v, want %+v", g, want)
			}
		}
		if m.Opened() != 1 {
			t.Errorf("%d connections, want 1", m.Opened())
		}
	}
	const path = "/topics/my%20cache/t"
	f("http://host.example", through, false, seen{"http://host.example" + path, "host.example", "", "secret+key", "x"})
	f("http://host.example:8080", authorized, false,
		seen{"http://host.example:8080" + path, "host.example:8080", authorization, "secret+key", "x"})
	f("http://[2001:db8::1]:8080", authorized, true,
		seen{"http://[2001:db8::1]:8080" + path + "?token=secret%2Bkey", "[2001:db8::1]:8080", authorization, "", "x"})
}

// Such a proxy's answers come with no mark of whose they are: those that no endpoint gives are its own.
func TestProxyThatRefusesAPlainPublishIsToldFromTheEndpoint(t *testing.T) {
	t.Parallel()
	answer := func(status int, kind string) *httptest.Server {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "words")
		}))
		t.Cleanup(proxy.Close)
		return proxy
	}
	f := func(status int, kind string, all func(*testing.T, string) *Proxies, verdict pipeline.Verdict, advice string) {
		t.Helper()
		proxy := answer(status, kind)
		m := newMomento(t, "http://host.example", func(c *Config) {
			c.Proxies = all(t, strings.TrimPrefix(proxy.URL, "http://"))
		})
		p := m.Publisher()
		defer p.Close()
		a := p.Publish(request("t", []byte("x")))
		if a.Verdict != verdict || !strings.HasSuffix(a.Detail, advice) || strings.Contains(a.Detail, proxyPassword) {
			t.Errorf("%d of %s: %+v, want %v and %q", status, kind, a, verdict, advice)
		}
	}
	const (
		refused = ": the proxy refuses the user and password: correct them in momento.proxy"
		wanted  = ": the proxy wants a user and a password: write momento.proxy as " + proxyLogin
	)
	f(401, "text/html", authorized, pipeline.Retry, refused) // As tinyproxy does.
	f(407, "text/html", authorized, pipeline.Retry, refused)
	f(407, "text/plain", authorized, pipeline.Retry, refused)
	f(407, "text/html", through, pipeline.Retry, wanted)
	f(401, "text/plain", authorized, pipeline.HaltAll, "401 words")
	f(403, "text/html", authorized, pipeline.Retry, "let it through there, or check momento.endpoint")
}

// A page such as proxies send, with what one should not know.
func page(title string) string {
	return "<!DOCTYPE html><html>\n<HEAD><style>p {}</style><Title>" + title + "</TITLE></head>" +
		"<body><p>" + proxyUser + " " + proxyPassword + "</p></body></html>"
}

// What goes wrong with a proxy is said to be the proxy's, with what to do, and without its user and password. No
// connection counts.
func TestTroubleWithAProxyIsExplained(t *testing.T) {
	t.Parallel()
	answer := func(text string) service {
		return func(conn net.Conn, in *bufio.Reader, _ *http.Request) {
			_, _ = io.WriteString(conn, text)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, in)
		}
	}
	f := func(name string, all func(*testing.T, string) *Proxies, want string, serve service) {
		t.Helper()
		proxy := newScripted(t, serve)
		m := newMomento(t, "https://host.example", func(c *Config) {
			c.Proxies, c.Timeout = all(t, proxy.addr), 20*time.Second
		})
		err := m.Try()
		through, ok := errors.AsType[*ProxyError](err)
		want = "connect to host.example:443 through the proxy " + proxy.addr + ": " + want
		if !ok || err.Error() != want || through.Proxy.Addr != proxy.addr {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		r := request("t", []byte("x"))
		r.Deadline = r.Start.Add(20 * time.Second)
		a := m.Publisher().Publish(r)
		if a.Verdict != pipeline.Retry || a.Result != pipeline.ResultNetwork || a.Detail != want {
			t.Errorf("%s: Publish = %+v, want a retry because of the network", name, a)
		}
		if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), proxyUser)) {
			t.Errorf("%s: %v", name, err)
		}
		if m.Opened() != 0 {
			t.Errorf("%s: %d connections count", name, m.Opened())
		}
	}
	const check = "; check that it is an HTTP proxy, and lets one connect to host.example:443"
	const (
		wanted = "the proxy wants a user and a password (407): write momento.proxy as http://user:password@host:port"
		basic  = "Proxy-Authenticate: Basic realm=\"x\"\r\n"
		more   = "the proxy sent more than its answer: check that it is an HTTP proxy, and changes nothing"
		long   = "the head of the proxy's answer has more than 64 KiB: check that it is an HTTP proxy"
		lost   = "; it may not reach host.example:443: check its name service and network"
	)
	f("407", through, wanted,
		answer("HTTP/1.1 407 Proxy Authentication Required\r\n"+basic+"Content-Length: 0\r\n\r\n"))
	f("407 without a word", through, wanted,
		answer("HTTP/1.1 407\r\n\r\n"))
	f("407 in one line", through, wanted,
		answer("HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"y\", BASIC realm=\"z\"\r\n\r\n"))
	f("407 again", authorized, "the proxy refuses the user and password (407): correct them in momento.proxy",
		answer("HTTP/1.1 407 "+proxyPassword+"\r\nProxy-Authenticate: Negotiate\r\n"+basic+"\r\n"+page("407")))
	f("407 for others", authorized, "the proxy wants another authentication than Basic (407, Negotiate, NTLM), "+
		"which is not supported: let it take Basic, or put a proxy of your own before it",
		answer("HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\n"+
			"Proxy-Authenticate: NTLM "+authorization+"\r\n\r\n"))
	f("a page", authorized, "the proxy answers 403 Forbidden: "+excerpt.Withheld+check,
		answer("HTTP/1.1 403 Forbidden\r\n\r\n"+page("Not for "+proxyUser+"\n"+proxyPassword)))
	f("a page without a title", authorized, "the proxy answers 403 Forbidden"+check,
		answer("HTTP/1.1 403 Forbidden\r\n\r\n<p>"+proxyPassword+"</p>"))
	f("a text", authorized, "the proxy answers 403 no …: got … and …"+check,
		answer("HTTP/1.1 403 no "+proxyPassword+"\r\nContent-Length: 48\r\n\r\n"+
			"got "+authorization[6:]+" and "+proxyPassword+"more than that"))
	f("a long text", through, "the proxy answers 405 No: "+strings.Repeat("long ", maxExcerpt/5-1)+"lo…"+check,
		answer("HTTP/1.1 405 No\r\n\r\n"+strings.Repeat("long ", 20_000)))
	f("JSON", through, "the proxy answers 429 Slow: no more"+check,
		answer("HTTP/1.1 429 Slow\r\n\r\n{\"message\":\"no more\"}"))
	f("502", through, "the proxy answers 502 Bad Gateway: down"+lost,
		answer("HTTP/1.1 502 Bad Gateway\r\n\r\ndown"))
	f("a web server", through, "the proxy answers 301 Moved"+check,
		answer("HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n"))
	f("another protocol", through, "the proxy answers 101 Switching Protocols"+check,
		answer("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	f("an answer that goes on", through, more,
		answer(connected+"SSH-2.0-OpenSSH\r\n"))
	f("a body", through, more,
		answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f("not HTTP", through, "what the proxy answers is not HTTP/1.1: check that it is an HTTP proxy",
		answer("SSH-2.0-OpenSSH "+proxyPassword+"\r\n\r\n"))
	f("a head without an end", through, long,
		answer("HTTP/1.1 200 OK\r\n"+strings.Repeat("x: "+proxyPassword+"\r\n", 10_000)))
	f("interim answers without an end", through, long,
		answer(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10_000)))
	f("closed at once", through, "the proxy closed the connection before it had answered", answer(""))
	f("closed in the middle", through, "the proxy closed the connection before it had answered",
		answer("HTTP/1.1 200 OK\r\nx: y"))
}

// After the proxy's answer it is the endpoint, or what has come of it on the way.
func TestTroubleBehindTheProxyNamesBoth(t *testing.T) {
	t.Parallel()
	f := func(want string, serve service) {
		t.Helper()
		proxy := newScripted(t, serve)
		m := newMomento(t, "https://host.example", func(c *Config) {
			c.Proxies, c.Timeout = through(t, proxy.addr), 20*time.Second
		})
		err := m.Try()
		want = "TLS handshake with host.example through the proxy " + proxy.addr + ": " + want
		_, ok := errors.AsType[*ProxyError](err)
		if err == nil || ok || !strings.HasPrefix(err.Error(), want) || m.Opened() != 0 {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f("EOF", func(conn net.Conn, in *bufio.Reader, _ *http.Request) {
		_, _ = io.WriteString(conn, connected)
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, in) // Closing with the greeting unread would be a reset.
	})
	f("tls: first record does not look like a TLS handshake", func(conn net.Conn, in *bufio.Reader, _ *http.Request) {
		_, _ = io.WriteString(conn, connected)
		_, _ = in.Peek(1) // What comes late is not taken for the endpoint's either.
		_, _ = io.WriteString(conn, "more than was asked for\r\n\r\n")
		_, _ = io.Copy(io.Discard, in)
	})
	server, _ := secureEndpoint(t, "")
	f("tls: failed to verify certificate", carryTo(server))
}

func TestProxyThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	addr := refusingAddress(t)
	for _, address := range []string{"https://host.example", "http://host.example:443"} {
		m := newMomento(t, address, func(c *Config) { c.Proxies = authorized(t, addr) })
		err := m.Try()
		want := "connect to host.example:443 through the proxy " + addr + ": " +
			"the proxy cannot be reached: dial tcp " + addr + ": connect: connection refused"
		if err == nil || err.Error() != want || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Try = %v, want %q", err, want)
		}
	}
	m := newMomento(t, "https://host.example", func(c *Config) { c.Proxies = authorized(t, "proxy.example:3128") })
	m.dialer.tcp.addresses.lookup = func(context.Context, string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "proxy.example", IsNotFound: true}
	}
	want := "connect to host.example:443 through the proxy proxy.example:3128: " +
		"the proxy cannot be reached: lookup proxy.example: no such host"
	if err := m.Try(); err == nil || err.Error() != want {
		t.Errorf("Try = %v, want %q", err, want)
	}
}

// A head that comes byte by byte is one, and one that goes on like that ends with the deadline.
func TestSlowProxyHasUntilTheDeadline(t *testing.T) {
	t.Parallel()
	f := func(head string, took time.Duration, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			m := newMomento(t, "https://host.example", func(c *Config) { c.Proxies = through(t, "proxy.example:3128") })
			m.dialer.tcp.addresses.lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
			}
			m.dialer.tcp.dial = func(context.Context, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					if _, err := http.ReadRequest(bufio.NewReader(theirs)); err != nil {
						t.Error(err)
					}
					for _, b := range []byte(head) {
						time.Sleep(10 * time.Millisecond)
						if _, err := theirs.Write([]byte{b}); err != nil {
							return
						}
					}
					_, _ = io.Copy(io.Discard, theirs) // Nobody is behind.
				}()
				return ours, nil
			}
			began := time.Now()
			_, err := m.dialer.dial(began.Add(3*time.Second), nil)
			if after := time.Since(began); after != took || err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("after %v: %v, want %q after %v", after, err, want, took)
			}
			time.Sleep(time.Second) // The proxy notices.
		})
	}
	const connect = "connect to host.example:443 through the proxy proxy.example:3128: the proxy "
	f(connected, 3*time.Second, "TLS handshake with host.example through the proxy proxy.example:3128: ")
	f("", 3*time.Second, connect+"does not answer within the timeout: i/o timeout")
	f("HTTP/1.1 200 OK\r\n"+strings.Repeat("x: y\r\n", 1000), 3*time.Second, connect+"does not answer")
	const head = "HTTP/1.1 403 No\r\n\r\n"
	body := strings.Repeat("x", 1000)
	f(head+body, time.Duration(len(head))*10*time.Millisecond+refusalTime, connect+"answers 403 No: …;")
	f("HTTP/1.1 403 "+strings.Repeat("y", 233)+"\r\n\r\n"+body, 3*time.Second, connect+"answers 403 …")
}

func TestProxyByNameIsRaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, _ := newNetwork(t, "10.0.0.1", "10.0.0.2")
		n.answers["10.0.0.1:3128"], n.answers["10.0.0.2:3128"] = -1, 0
		m := newMomento(t, "http://host.example", func(c *Config) { c.Proxies = through(t, "proxy.example:3128") })
		m.dialer.tcp.addresses.lookup, m.dialer.tcp.dial = n.lookup, n.dial
		for _, want := range []time.Duration{raceDelay, 0} {
			began := time.Now()
			conn, err := m.dialer.dial(began.Add(time.Second), nil)
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if took := time.Since(began); took != want {
				t.Errorf("connected after %v, want %v", took, want)
			}
		}
	})
}

// Of plain HTTP a connection alone shows nothing but that the proxy is there.
func TestTryAsksTheProxyForAPlainEndpoint(t *testing.T) {
	t.Parallel()
	f := func(answer, want string) {
		t.Helper()
		proxy := newScripted(t, func(conn net.Conn, _ *bufio.Reader, _ *http.Request) {
			_, _ = io.WriteString(conn, answer)
		})
		m := newMomento(t, "http://host.example:8080", func(c *Config) { c.Proxies = authorized(t, proxy.addr) })
		err := m.Try()
		if got := fmt.Sprint(err); got != strings.ReplaceAll(want, "PROXY", proxy.addr) {
			t.Errorf("Try = %s, want %s", got, want)
		}
		const asked = "GET http://host.example:8080/ host.example:8080 " + authorization
		if got := proxy.asked(); !slices.Equal(got, []string{asked}) {
			t.Errorf("the proxy was asked %q, want %q", got, asked)
		}
	}
	f("HTTP/1.1 404 Not Found\r\n\r\n", "<nil>")
	const connect = "connect to host.example:8080 through the proxy PROXY: the proxy "
	f("HTTP/1.1 407 No\r\n\r\n", connect+"refuses the user and password (407): correct them in momento.proxy")
	f("HTTP/1.1 503 No\r\n\r\nnobody there", connect+"answers 503 No: nobody there; "+
		"it may not reach host.example:8080: check its name service and network")
}

func TestVendorGoesThroughTheProxy(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"authToken":"the-token"}`)
	}))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, certificatePEM(server.Certificate().Raw))
	fetch := func(addr string) (key.Key, error) {
		t.Helper()
		proxy, err := authorized(t, addr).ForVendor("https://example.com/token")
		if err != nil {
			t.Fatal(err)
		}
		const address = "https://example.com/token?secret=s"
		through, err := VendorTransport(address, proxy, ca)
		if err != nil {
			t.Fatal(err)
		}
		return key.NewVendor(key.VendorConfig{URL: address, Transport: through}).Fetch(t.Context())
	}
	good := newScripted(t, carryTo(server))
	if k, err := fetch(good.addr); err != nil || k.Reveal() != "the-token" {
		t.Errorf("Fetch = %v, %v", k, err)
	}
	if got := strings.Join(good.asked(), ""); got != "CONNECT example.com:443 example.com:443 "+authorization {
		t.Errorf("the proxy was asked %s", got)
	}
	f := func(answer, want string) {
		t.Helper()
		proxy := newScripted(t, func(conn net.Conn, _ *bufio.Reader, _ *http.Request) {
			_, _ = io.WriteString(conn, answer)
		})
		_, err := fetch(proxy.addr)
		want = "fetch an API key from https://example.com: " +
			"connect to example.com through the proxy " + proxy.addr + ": " + want
		if err == nil || err.Error() != want {
			t.Errorf("Fetch = %v, want %q", err, want)
		}
	}
	f("HTTP/1.1 407 "+proxyPassword+"\r\n\r\n",
		"the proxy refuses the user and password (407): correct them in momento.proxy")
	f("HTTP/1.1 403 Not "+proxyPassword+"\r\n\r\n"+page("x"),
		"the proxy answers 403 Not …; check that it is an HTTP proxy, and lets one connect to example.com")
	_, err := fetch(refusingAddress(t))
	if _, ok := errors.AsType[*ProxyError](err); !ok || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Fetch = %v, want that the proxy refuses", err)
	}
}

func TestSubscriberGoesThroughTheProxy(t *testing.T) {
	t.Parallel()
	polls := func(w http.ResponseWriter, r *http.Request) {
		const items = `{"items":[{"item":{"topic_sequence_number":1,"value":{"text":%q}}}]}`
		_, _ = fmt.Fprintf(w, items, r.Method+" "+r.URL.Path)
	}
	secure := httptest.NewTLSServer(http.HandlerFunc(polls))
	defer secure.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, certificatePEM(secure.Certificate().Raw))
	tunnel := newScripted(t, carryTo(secure))
	plain := httptest.NewServer(http.HandlerFunc(polls))
	defer plain.Close()
	for address, proxy := range map[string]string{
		"https://example.com": tunnel.addr, "http://example.com": plain.Listener.Addr().String(),
	} {
		m := newMomento(t, address, func(c *Config) { c.CAFile, c.Proxies = ca, authorized(t, proxy) })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		got := ""
		received := func(i Item) { got = string(i.Value); cancel() }
		err := m.Subscribe(ctx, Subscription{Cache: "c", Topic: "t", Received: received, Gap: func(int) {}})
		cancel()
		if err != nil || got != "GET /topics/c/t" {
			t.Errorf("%s: %v, got %q", address, err, got)
		}
	}
}

// replay is a connection on which something is to be read, and then nothing more.
type replay struct {
	net.Conn
	in io.Reader
}

func (r *replay) Read(b []byte) (int, error)      { return r.in.Read(b) }
func (r *replay) Write(b []byte) (int, error)     { return len(b), nil }
func (r *replay) SetReadDeadline(time.Time) error { return nil }

// Whatever a proxy answers: it is a tunnel only after a head that says so and with nothing behind it, and an error is
// short and holds no password, also where that was sent back.
func FuzzProxyAnswerIsATunnelOrAnErrorWithoutAPassword(f *testing.F) {
	for _, answer := range []string{
		connected, "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200\n\n", connected + "x", "HTTP/1.1 100 C\r\n\r\n" +
			connected, "",
		"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic, NTLM PASSWORD\r\n\r\n", "HTTP/1.1 401 PASSWORD\r\n\r\n",
		"HTTP/1.1 403 PASSWORD\r\nContent-Length: 3\r\n\r\nPASSWORD", "HTTP/1.1 502 X\r\n\r\n<title>PASSWORD</title>",
		"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nPASSWORD", "HTTP/1.1 429 X\r\n\r\n" +
			"{\"message\":\"PASSWORD\"}",
		"HTTP/1.1 000 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 403 hush\x00&hush\r\n\r\n",
		"PASSWORD 200 OK\r\n\r\n", "HTTP/1.1 PASSWORD OK\r\n\r\n", "HTTP/1.1 200 OK\r\nPASSWORD\r\n\r\n",
	} {
		f.Add([]byte(answer))
	}
	p, err := parseProxy(proxySetting, "http://the-user:hush%26hush@host:3128")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		answer = bytes.ReplaceAll(answer, []byte("PASSWORD"), []byte("hush&hush"))
		err := p.tunnel(&replay{in: bytes.NewReader(answer)}, time.Now().Add(time.Hour), "host.example:443")
		if err == nil {
			if !bytes.HasSuffix(answer, []byte("\n")) || !bytes.Contains(answer, []byte(" 2")) || answer[0] != 'H' {
				t.Errorf("%q is a tunnel", answer)
			}
			return
		}
		if text := err.Error(); len(text) > 1000 || strings.Contains(text, "hush&hush") {
			t.Errorf("%q: %d bytes: %s", answer, len(text), text)
		}
	})
}
