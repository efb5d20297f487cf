package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/test/lab"
)

// certified writes a certificate of that name, which signs itself, and its key.
func certified(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	writeFile(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return certFile, keyFile
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// hashed is the bcrypt hash of a-pass:word.
const hashed = "$2a$04$O9wFuMJKCnBMbj1sGv5fruSo86v94GvKXG.xB/TFjN.DamOLxCJ2W"

// webDaemon starts a daemon with a web configuration, and returns its configuration.
func webDaemon(t *testing.T, dir, web, control string) (p *process, config string) {
	t.Helper()
	writeFile(t, filepath.Join(dir, "web.yaml"), web)
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	address := lab.FreeAddress()
	config = w.config(fmt.Sprintf("admin: {listen: %q, web_config_file: %q, control: %s}", address,
		filepath.Join(dir, "web.yaml"), control), "  - {name: orders, subject: o, cache: c}\n")
	return startDaemonAt(t, address, "-c", config), config
}

func TestTheListenerHasTLSAndPasswordsOfAWebConfigurationFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certified(t, dir, "bridge")
	password := filepath.Join(dir, "password")
	writeFile(t, password, "me:a-pass:word\n")
	p, config := webDaemon(t, dir, "tls_server_config: {cert_file: bridge.pem, key_file: bridge.key}\n"+
		"basic_auth_users: {me: "+hashed+"}\n", "loopback")
	eventually(t, "the daemon with TLS", func() bool {
		code, _ := said(t, "status", "-c", config, "--password-file", password)
		return code == 0
	})
	f := func(want string, status int, args ...string) {
		t.Helper()
		if code, text := said(t, args...); code != status || !strings.Contains(text, want) ||
			strings.Contains(text, "a-pass") {
			t.Errorf("%v ends with %d: %s; want %d and %q", args, code, text, status, want)
		}
	}
	f("orders: paused", 0, "pause", "orders", "-c", config, "--password-file", password)
	f("refuses (401): it wants a user and a password: give --password-file", 1, "resume", "-c", config)
	https := strings.Replace(p.URL, "http://", "https://", 1)
	f("certificate", 2, "status", "--admin", https, "--password-file", password)
	f("no momento-bridge", 2, "status", "--admin", p.URL)
	if strings.Contains(p.log.String(), "a-pass") || strings.Contains(p.log.String(), hashed) {
		t.Error("the log shows the password, or its hash")
	}
}

// The kubelet has neither a password nor a certificate for a command in the container.
func TestLiveAsksAtTheSocketWhereTheAddressWantsAPasswordOrACertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certified(t, dir, "bridge")
	web := filepath.Join(dir, "web.yaml")
	writeFile(t, web, "tls_server_config: {cert_file: bridge.pem, key_file: bridge.key, "+
		"client_auth_type: RequireAndVerifyClientCert, client_ca_file: bridge.pem}\n"+
		"basic_auth_users: {me: "+hashed+"}\n")
	_, config, _ := socketDaemon(t, fmt.Sprintf(", web_config_file: %q", web))
	eventually(t, "the daemon is alive", func() bool {
		code, _ := said(t, "status", "--live", "-c", config)
		return code == 0
	})
}

func TestAClientCertificateControls(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certified(t, dir, "bridge")
	cert, key := certified(t, dir, "operator")
	other, otherKey := certified(t, dir, "other")
	_, config := webDaemon(t, dir, "tls_server_config: {cert_file: bridge.pem, key_file: bridge.key, "+
		"client_auth_type: VerifyClientCertIfGiven, client_ca_file: operator.pem}\n", "client-certificates")
	eventually(t, "the daemon with TLS", func() bool { code, _ := said(t, "status", "-c", config); return code == 0 })
	f := func(want string, status int, args ...string) {
		t.Helper()
		args = append([]string{"pause", "orders", "-c", config}, args...)
		if code, text := said(t, args...); code != status || !strings.Contains(text, want) {
			t.Errorf("%v ends with %d: %s; want %d and %q", args, code, text, status, want)
		}
	}
	f("refuses (403): show a client certificate", 1)
	f("orders: paused", 0, "--cert-file", cert, "--key-file", key)
	f("refuses (403)", 1, "--cert-file", other, "--key-file", otherKey)
	f("belong together", 2, "--cert-file", cert)
}
