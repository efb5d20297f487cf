package admin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v4"
)

// CheckWebConfig returns what is wrong with a web configuration file, without what may be secret in it.
func CheckWebConfig(path string) error {
	if _, err := os.ReadFile(path); err != nil {
		return err
	}
	err := web.Validate(path)
	if err == nil {
		return nil
	}
	if _, system := errors.AsType[*os.PathError](err); system {
		return err
	}
	// The words of YAML's errors may be values: keys, hashes of passwords.
	text := regexp.MustCompile("`[^`]*`").ReplaceAllString(err.Error(), "…")
	return fmt.Errorf("it is no web configuration file of Prometheus' exporters: %s; see "+
		"https://prometheus.io/docs/prometheus/latest/configuration/https/", strings.Join(strings.Fields(text), " "))
}

// WebConfig is what others than the listener must know of a web configuration file.
type WebConfig struct {
	TLS          bool
	CertFile     string // Of the listener; empty: it is in the file itself, or there is none.
	Passwords    bool   // Everybody must give one.
	Certificates bool   // Clients may show a certificate, which is verified.
}

// ReadWebConfig reads a web configuration file, which may have problems.
func ReadWebConfig(path string) (WebConfig, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return WebConfig{}, err
	}
	var file struct {
		TLS struct {
			Cert       string `yaml:"cert"`
			CertFile   string `yaml:"cert_file"`
			ClientAuth string `yaml:"client_auth_type"`
		} `yaml:"tls_server_config"`
		Users map[string]string `yaml:"basic_auth_users"`
	}
	if yaml.Unmarshal(text, &file) != nil {
		return WebConfig{}, errors.New("it is no YAML as expected")
	}
	w := WebConfig{
		TLS: file.TLS.Cert != "" || file.TLS.CertFile != "", CertFile: file.TLS.CertFile,
		Passwords: len(file.Users) > 0,
		Certificates: file.TLS.ClientAuth == "RequireAndVerifyClientCert" ||
			file.TLS.ClientAuth == "VerifyClientCertIfGiven",
	}
	if w.CertFile != "" && !filepath.IsAbs(w.CertFile) {
		w.CertFile = filepath.Join(filepath.Dir(path), w.CertFile)
	}
	return w, nil
}
