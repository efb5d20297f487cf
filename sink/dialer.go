package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// dialer opens connections to one endpoint, with TLS where the endpoint wants it. It may be used concurrently.
type dialer struct {
	endpoint Endpoint
	proxy    *Proxy      // nil: none.
	tcp      *racer      // To the endpoint, or to the proxy.
	tls      *tls.Config // nil for plain HTTP.
	opened   atomic.Uint64
}

func newDialer(e Endpoint, caFile string) (*dialer, error) {
	d := &dialer{endpoint: e, tcp: newRacer(e.Addr)}
	if !e.TLS {
		return d, nil
	}
	roots, err := rootsWith(caFile)
	if err != nil {
		return nil, err
	}
	d.tls = &tls.Config{
		ServerName:         e.Host,
		RootCAs:            roots,
		MinVersion:         tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
		NextProtos:         []string{"http/1.1"},
	}
	return d, nil
}

// through lets connections go through a proxy; it is called before the first of them. For plain HTTP they end there: it
// is the proxy that takes requests.
func (d *dialer) through(p *Proxy) {
	d.proxy = p
	d.tcp = newRacer(p.Addr)
}

// dial opens a connection by a time, the TLS handshake included. What it returns reads and writes through the conn, if
// one is given to wrap the TCP connection in. Its deadline is that time.
func (d *dialer) dial(end time.Time, wrap func(net.Conn) net.Conn) (net.Conn, error) {
	raw, address, err := d.connect(end)
	if err != nil {
		return nil, err
	}
	opened, err := d.prepare(raw, end, wrap)
	d.tcp.addresses.settle(address, err == nil)
	if err != nil {
		return nil, err
	}
	d.opened.Add(1)
	return opened, nil
}

// useless says that a connection to an address has carried no answer: others are tried before it.
func (d *dialer) useless(address net.Addr) { d.tcp.addresses.settle(address.String(), false) }

// connect opens the TCP connection, and tells to which address.
func (d *dialer) connect(end time.Time) (net.Conn, string, error) {
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	raw, address, err := d.tcp.connect(ctx)
	switch {
	case err == nil:
		return raw, address, nil
	case d.proxy != nil:
		return nil, "", d.proxy.unreachable(d.endpoint.Addr, err)
	}
	return nil, "", fmt.Errorf("connect to %s: %w", d.endpoint.Addr, err)
}

// prepare makes of a TCP connection what dial returns, or closes it.
func (d *dialer) prepare(raw net.Conn, end time.Time, wrap func(net.Conn) net.Conn) (net.Conn, error) {
	if err := raw.SetDeadline(end); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("connect to %s%s: %w", d.endpoint.Addr, d.way(), err)
	}
	if d.proxy != nil && d.tls != nil {
		if err := d.proxy.tunnel(raw, end, d.endpoint.Addr); err != nil {
			_ = raw.Close()
			return nil, &ProxyError{d.endpoint.Addr, d.proxy, err}
		}
	}
	opened := raw
	if wrap != nil {
		opened = wrap(raw)
	}
	if d.tls == nil {
		return opened, nil
	}
	return d.secure(opened)
}

// secure makes the TLS handshake, within the connection's deadline.
func (d *dialer) secure(raw net.Conn) (net.Conn, error) {
	secured := tls.Client(raw, d.tls)
	if err := secured.Handshake(); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("TLS handshake with %s%s: %w", d.endpoint.Host, d.way(), err)
	}
	return secured, nil
}

// way says through which proxy connections go, to follow the name of the endpoint.
func (d *dialer) way() string {
	if d.proxy == nil {
		return ""
	}
	return " through the proxy " + d.proxy.Addr
}

// rootsWith returns the system's roots and those in a file, or nil for the system's alone.
func rootsWith(caFile string) (*x509.CertPool, error) {
	if caFile == "" {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read the roots: %w", err)
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New(caFile + " holds no PEM certificate")
	}
	return roots, nil
}
