package sink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// dnsCache is how long an address is used without asking again. Connections that are open do not notice a change; their age
// limit does.
const dnsCache = 15 * time.Second

// dialer opens connections to one endpoint, with TLS where the endpoint wants it. It may be used concurrently.
type dialer struct {
	endpoint Endpoint
	tcp      *fasthttp.TCPDialer
	tls      *tls.Config // nil for plain HTTP.
	opened   atomic.Uint64
}

func newDialer(e Endpoint, caFile string) (*dialer, error) {
	d := &dialer{endpoint: e, tcp: &fasthttp.TCPDialer{DNSCacheDuration: dnsCache}}
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

// dial opens a connection by a time, the TLS handshake included. What it returns reads and writes through the conn, if one is given to wrap the TCP
// connection in. Its deadline is that time.
func (d *dialer) dial(end time.Time, wrap func(*net.TCPConn) net.Conn) (net.Conn, error) {
	raw, err := d.tcp.DialDualStackTimeout(d.endpoint.Addr, time.Until(end))
	if err != nil {
		if dialing, ok := errors.AsType[*fasthttp.ErrDialWithUpstream](err); ok {
			err = dialing.Unwrap() // Which names the address, too.
		}
		return nil, fmt.Errorf("connect to %s: %w", d.endpoint.Addr, err)
	}
	if err := raw.SetDeadline(end); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.endpoint.Addr, err)
	}
	opened := raw
	if tcp, ok := raw.(*net.TCPConn); ok && wrap != nil {
		opened = wrap(tcp)
	}
	if d.tls != nil {
		if opened, err = d.secure(opened); err != nil {
			return nil, err
		}
	}
	d.opened.Add(1)
	return opened, nil
}

// secure makes the TLS handshake, within the connection's deadline.
func (d *dialer) secure(raw net.Conn) (net.Conn, error) {
	secured := tls.Client(raw, d.tls)
	if err := secured.Handshake(); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("TLS handshake with %s: %w", d.endpoint.Host, err)
	}
	return secured, nil
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
