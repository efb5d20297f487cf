package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"momento-bridge/secretfile"
)

// Config says which daemon to ask and how.
type Config struct {
	Where *url.URL // See admin.URL.

	CAFile            string // Root certificates to trust besides the system's.
	CertFile, KeyFile string // A client certificate.
	TokenFile         string // The token of admin.control.
	PasswordFile      string // A line user:password for basic auth.
	// Pinned is the file with the daemon's own certificate, which is trusted whatever name it has; empty: the name in
	// Where must be in it.
	Pinned string
}

func (c *Config) tls() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, errors.New("--cert-file and --key-file belong together: give both")
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the client certificate (--cert-file, --key-file): %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	if c.CAFile != "" {
		text, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read --ca-file: %w", err)
		}
		if conf.RootCAs, err = x509.SystemCertPool(); err != nil {
			conf.RootCAs = x509.NewCertPool()
		}
		if !conf.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--ca-file %s has no certificate in PEM", c.CAFile)
		}
		return conf, nil
	}
	if c.Pinned != "" {
		return conf, c.pin(conf)
	}
	return conf, nil
}

// pin trusts the certificate that the daemon's configuration names, and no other.
func (c *Config) pin(conf *tls.Config) error {
	text, err := os.ReadFile(c.Pinned)
	if err != nil {
		return fmt.Errorf("read the daemon's certificate, which admin.web_config_file names: %w\ngive --ca-file instead",
			err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return fmt.Errorf("%s, which admin.web_config_file names, has no certificate in PEM", c.Pinned)
	}
	own := block.Bytes
	conf.InsecureSkipVerify = true // Its name may be any: it is compared as a whole.
	conf.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 || !bytes.Equal(state.PeerCertificates[0].Raw, own) {
			return errors.New("the certificate is not the one that admin.web_config_file names")
		}
		return nil
	}
	return nil
}

// credentials reads what the client must show.
func (c *Config) credentials(to *Client) error {
	if c.TokenFile != "" {
		text, err := secretfile.Read(context.Background(), c.TokenFile)
		if err != nil {
			return fmt.Errorf("read --token-file: %w", err)
		}
		to.token = strings.TrimSpace(text)
	}
	if c.PasswordFile == "" {
		return nil
	}
	text, err := secretfile.Read(context.Background(), c.PasswordFile)
	if err != nil {
		return fmt.Errorf("read --password-file: %w", err)
	}
	user, password, ok := strings.Cut(strings.TrimSpace(text), ":")
	if !ok {
		return fmt.Errorf("--password-file %s must have one line user:password", c.PasswordFile)
	}
	where := *to.url
	where.User = url.UserPassword(user, password)
	to.url = &where
	return nil
}
