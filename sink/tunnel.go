package sink

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	// maxProxyAnswer bounds what is read of a proxy's answer.
	maxProxyAnswer = 64 << 10
	// maxRefusal bounds what is read of why a proxy refuses.
	maxRefusal = 8 << 10
	// refusalTime is how long it may take to say why.
	refusalTime = time.Second
)

// proxyAnswer is a proxy's answer, of which the head was read.
type proxyAnswer struct {
	head fasthttp.ResponseHeader
	in   *bufio.Reader // What follows.
}

// tunnel lets the proxy connect to a server, on a connection to the proxy with a deadline, which carries nothing but
// the server's bytes afterwards, unless there is an error.
func (p *Proxy) tunnel(conn net.Conn, end time.Time, server string) error {
	a, err := p.ask(conn, "CONNECT "+server, server)
	if err != nil {
		return err
	}
	switch status := a.head.StatusCode(); {
	case status < 200 || status >= 300:
		return p.refused(conn, end, a, server)
	case a.in.Buffered() > 0: // The server does not speak first under TLS.
		return errors.New("the proxy sent more than its answer: check that it is an HTTP proxy, and changes nothing")
	}
	return nil
}

// try asks for the server's root, to learn whether the proxy does its work for plain HTTP. Whatever the server
// answers is good; a page with 401 is the proxy's.
func (p *Proxy) try(conn net.Conn, end time.Time, e Endpoint) error {
	a, err := p.ask(conn, "GET "+e.base+"/", strings.TrimPrefix(e.base, "http://"))
	if err != nil {
		return err
	}
	status := a.head.StatusCode()
	page := bytes.HasPrefix(a.head.ContentType(), []byte("text/html"))
	if status == http.StatusProxyAuthRequired || status == http.StatusUnauthorized && page || status >= 500 {
		return p.refused(conn, end, a, e.Addr)
	}
	return nil
}

// ask sends a request without a body and reads the head of the answer, interim ones before it aside.
func (p *Proxy) ask(conn net.Conn, line, host string) (*proxyAnswer, error) {
	request := line + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: " + product + p.authorizationLine() + "\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, fmt.Errorf("ask the proxy: %w", err)
	}
	bounded := &io.LimitedReader{R: conn, N: maxProxyAnswer}
	a := &proxyAnswer{in: bufio.NewReaderSize(bounded, maxProxyAnswer)}
	for {
		if err := a.readHead(); err != nil {
			return nil, proxyFailure(err, bounded.N == 0)
		}
		if s := a.head.StatusCode(); s >= 200 || s == fasthttp.StatusSwitchingProtocols {
			return a, nil
		}
	}
}

// readHead reads a head. fasthttp takes 000 for 200.
func (a *proxyAnswer) readHead() error {
	start, err := a.in.Peek(len("HTTP/1.1 200"))
	first := string(start)
	switch {
	case err != nil && len(start) == 0:
		return err
	case err == nil && !strings.HasPrefix(first, "HTTP/1."):
		return errNoHTTP
	}
	if err := a.head.Read(a.in); err != nil {
		return err
	}
	if a.head.StatusCode() == http.StatusOK && !strings.HasSuffix(first, "200") {
		return errNoHTTP
	}
	return nil
}

// authorizationLine is the line of a request's head that holds user and password, after a line end; empty without
// them.
func (p *Proxy) authorizationLine() string {
	if p.authorization == "" {
		return ""
	}
	return "\r\nProxy-Authorization: " + p.authorization
}

// proxyFailure says why a proxy's answer could not be read, without anything of the answer.
func proxyFailure(err error, full bool) error {
	err = plain(err)
	switch {
	case full:
		return errors.New("the head of the proxy's answer has more than 64 KiB: check that it is an HTTP proxy")
	case isTimeout(err):
		return fmt.Errorf("the proxy does not answer within the timeout: %w", os.ErrDeadlineExceeded)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the proxy closed the connection before it had answered")
	case errors.Is(err, errNoHTTP):
		return errors.New("what the proxy answers is not HTTP/1.1: check that it is an HTTP proxy")
	}
	return fmt.Errorf("read the proxy's answer: %w", err)
}

// refused is the error of a proxy's answer that is no success.
func (p *Proxy) refused(conn net.Conn, end time.Time, a *proxyAnswer, server string) error {
	status := a.head.StatusCode()
	if unauthorized(status) {
		var lines []string
		for _, line := range a.head.PeekAll(fasthttp.HeaderProxyAuthenticate) {
			lines = append(lines, string(line))
		}
		return p.unauthorized(status, lines)
	}
	if soon := time.Now().Add(refusalTime); soon.Before(end) {
		_ = conn.SetReadDeadline(soon) // What has come by then will do.
	}
	most := maxRefusal
	if n := a.head.ContentLength(); n >= 0 {
		most = min(most, n)
	}
	body, _ := io.ReadAll(io.LimitReader(a.in, int64(most)))
	return p.refusal(status, string(a.head.StatusMessage()), body, server)
}

// unauthorized reports whether a proxy does not serve whom it does not know: tinyproxy answers a wrong password with
// 401.
func unauthorized(status int) bool {
	return status == http.StatusProxyAuthRequired || status == http.StatusUnauthorized
}

// unauthorized says what to do about such an answer, by its Proxy-Authenticate lines.
func (p *Proxy) unauthorized(status int, lines []string) error {
	var ways []string // Such as Basic or NTLM.
	for part := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if way, _, _ := strings.Cut(strings.TrimSpace(part), " "); way != "" && !strings.Contains(way, "=") {
			ways = append(ways, way)
		}
	}
	basic := slices.ContainsFunc(ways, func(way string) bool { return strings.EqualFold(way, "basic") })
	switch {
	case !basic && len(ways) > 0:
		offered := p.told(strings.Join(ways, ", "))
		return fmt.Errorf("the proxy wants another authentication than Basic (%d, %s), which is not supported: "+
			"let it take Basic, or put a proxy of your own before it", status, offered)
	case p.authorization == "":
		return fmt.Errorf("the proxy wants a user and a password (%d): write %s as %s", status, p.Origin, proxyLogin)
	}
	return fmt.Errorf("the proxy refuses the user and password (%d): correct them in %s", status, p.Origin)
}

// refusal names an answer that is no success, and says what to check.
func (p *Proxy) refusal(status int, reason string, body []byte, server string) error {
	text := strings.TrimSpace(strconv.Itoa(status) + " " + p.told(reason))
	if said := p.says(body); said != "" && !strings.HasSuffix(text, said) {
		text += ": " + said
	}
	if status >= 500 {
		return fmt.Errorf("the proxy answers %s; it may not reach %s: check its name service and network", text, server)
	}
	return fmt.Errorf("the proxy answers %s; check that it is an HTTP proxy, and lets one connect to %s", text, server)
}

// says returns what an error's body says, in one bounded line: of a page its title.
func (p *Proxy) says(body []byte) string {
	text := string(body)
	if _, page, ok := cutFold(text, "<title>"); ok {
		title, _, _ := cutFold(page, "</title>")
		return p.told(title)
	}
	if strings.Contains(text, "<") {
		return ""
	}
	text, _ = readText(body)
	return p.told(text)
}

// cutFold is strings.Cut for a separator in lower-case ASCII, whatever the case in the text.
func cutFold(text, separator string) (before, after string, found bool) {
	for i := range len(text) - len(separator) + 1 {
		if strings.EqualFold(text[i:i+len(separator)], separator) {
			return text[:i], text[i+len(separator):], true
		}
	}
	return text, "", false
}

// use lets a transport of Go's go through the proxy to a server, or directly if there is none. Connecting to the
// proxy takes a timeout at the most.
func (p *Proxy) use(t *http.Transport, server string, timeout time.Duration) {
	if p == nil {
		return
	}
	to := newRacer(p.Addr)
	t.Proxy = http.ProxyURL(p.url)
	t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		conn, address, err := to.connect(ctx)
		if err != nil {
			return nil, p.unreachable(server, err)
		}
		to.addresses.settle(address, true)
		return conn, nil
	}
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		status := resp.StatusCode
		switch {
		case status == http.StatusOK:
			return nil
		case unauthorized(status):
			return &ProxyError{server, p, p.unauthorized(status, resp.Header.Values("Proxy-Authenticate"))}
		}
		_, reason, _ := strings.Cut(resp.Status, " ")
		return &ProxyError{server, p, p.refusal(status, reason, nil, server)}
	}
}
