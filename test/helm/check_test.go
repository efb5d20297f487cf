package helm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestProgramChecksTheConfigurationOfEveryExample as it does in the pod, with files where the Secrets are.
func TestProgramChecksTheConfigurationOfEveryExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "momento-bridge")
	build := exec.Command("go", "build", "-o", program, "./cmd/momento-bridge")
	build.Dir = top
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const mount = "/var/run/secrets/momento-bridge"
	for name, text := range secretFiles(t) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	checked := 0
	for _, s := range sets(t) {
		w := worldOf(t, rendered(t, s.release))
		if w.config == nil || s.name == "odd-texts" || w.file.Admin.WebConfigFile != "" {
			continue // What it says of these is not about the chart.
		}
		checked++
		file := filepath.Join(dir, s.name+".yaml")
		text := strings.ReplaceAll(w.config.Data["config.yaml"], mount, dir)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		check := exec.Command(program, "check", "-c", file)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", s.name, err, out, text)
		}
	}
	if checked < 25 {
		t.Errorf("%d sets were checked", checked)
	}
}

// secretFiles are contents of the files that secrets become. None of them opens anything.
func secretFiles(t *testing.T) map[string]string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	const seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY" // Of NATS' documentation.
	return map[string]string{
		"momento-api-key":             "e30.eyJ0IjoiZyJ9.c2ln", // It looks like a key.
		"momento-api-key-url-headers": "Authorization: Bearer x",
		"momento-api-key-url-body":    "{}",
		"momento-tls-ca":              certificate,
		"admin-control":               "0123456789abcdef0123456789abcdef",
		"nats-password":               "x",
		"nats-token":                  "x",
		"nats-nkey":                   seed,
		"nats-creds": "-----BEGIN NATS USER JWT-----\ne30.e30.e30\n------END NATS USER JWT------\n\n" +
			"-----BEGIN USER NKEY SEED-----\n" + seed + "\n------END USER NKEY SEED------\n",
		"nats-tls-ca": certificate, "nats-tls-cert": certificate, "nats-tls-key": private,
	}
}
