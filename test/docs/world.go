package docs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"momento-bridge/emulator"
)

// Outside is what pages reach beyond the machine: a proxy behind which the emulator plays every region of Momento, with
// certificates of its own authority, and a collector of traces takes what it gets. Nothing leaves the machine.
type Outside struct {
	Address string // Of the proxy.
	CAFile  string // The authority.

	server    http.Server
	inner     http.Server
	tunnels   *tunnels
	authority tls.Certificate
	endpoint  *emulator.Server

	mu      sync.Mutex // Guards the following.
	unknown []string   // Hosts that were asked for and that nobody plays.
}

// NewOutside starts it. The file is where the authority's certificate is written.
func NewOutside(file string) (*Outside, error) {
	endpoint, err := emulator.New(emulator.Config{Settings: emulator.Settings{Latency: time.Millisecond}})
	if err != nil {
		return nil, fmt.Errorf("play the regions: %w", err)
	}
	o := &Outside{CAFile: file, endpoint: endpoint}
	if o.authority, err = newAuthority(file); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	o.Address = ln.Addr().String()
	o.server = http.Server{Handler: http.HandlerFunc(o.proxy), ReadHeaderTimeout: 10 * time.Second}
	o.inner = http.Server{Handler: http.HandlerFunc(o.host), ReadHeaderTimeout: 10 * time.Second}
	o.tunnels = &tunnels{make(chan net.Conn), make(chan struct{}), ln.Addr()}
	go func() { _ = o.server.Serve(ln) }()
	go func() { _ = o.inner.Serve(o.tunnels) }()
	return o, nil
}

// Close ends it.
func (o *Outside) Close() {
	_ = o.server.Close()
	_ = o.inner.Close()
}

// Unknown returns the hosts that pages asked for and that nobody plays.
func (o *Outside) Unknown() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.unknown)
}

// host answers as the host that is asked.
func (o *Outside) host(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(r.Host, ":")
	switch {
	case strings.HasSuffix(name, ".momentohq.com"):
		o.endpoint.ServeHTTP(w, r)
	case name == "collector" && strings.HasPrefix(r.URL.Path, "/v1/"):
		_, _ = io.Copy(io.Discard, r.Body)
	default:
		o.mu.Lock()
		o.unknown = append(o.unknown, name)
		o.mu.Unlock()
		http.Error(w, name+" is not played by test/docs", http.StatusBadGateway)
	}
}

func (o *Outside) proxy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		o.host(w, r)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return
	}
	name, _, _ := strings.Cut(r.Host, ":")
	secured := tls.Server(conn, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return o.certificate(name) },
	})
	select {
	case o.tunnels.conns <- secured:
	case <-o.tunnels.closed:
		_ = conn.Close()
	}
}

// tunnels is a listener of connections that come through the proxy.
type tunnels struct {
	conns  chan net.Conn
	closed chan struct{} // Closed by Close.
	addr   net.Addr
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case conn := <-t.conns:
		return conn, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t *tunnels) Close() error   { close(t.closed); return nil }
func (t *tunnels) Addr() net.Addr { return t.addr }

func newAuthority(file string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test/docs"},
		IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return tls.Certificate{}, fmt.Errorf("write a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

func (o *Outside) certificate(host string) (*tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	key := o.authority.PrivateKey.(*ecdsa.PrivateKey) // It is ours.
	der, err := x509.CreateCertificate(rand.Reader, template, o.authority.Leaf, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
