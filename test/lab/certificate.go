package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Certificate is one for the loopback address, which is its own authority: files in PEM.
type Certificate struct {
	File    string // The certificate,
	KeyFile string // its key,
	Both    string // and both in one file.
}

// NewCertificate makes a certificate and writes it into a directory.
func NewCertificate(dir string) (Certificate, error) {
	c := Certificate{
		filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem"),
		filepath.Join(dir, "both.pem"),
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "lab"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return c, fmt.Errorf("make a certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return c, fmt.Errorf("write a key: %w", err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	for path, text := range map[string][]byte{
		c.File: certificate, c.KeyFile: private,
		c.Both: slices.Concat(certificate, private),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return c, fmt.Errorf("write a certificate: %w", err)
		}
	}
	return c, nil
}

// Config is a server's with the certificate.
func (c Certificate) Config(version uint16) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.File, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: version}, nil
}
