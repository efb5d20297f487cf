package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/secretfile"
	"momento-bridge/sink/key"
	"momento-bridge/source"
)

// checkFiles reports files that cannot be read, or hold something else, which would otherwise show after the first
// lines of a run, or as a refused connection. The key's own is read by keyring.
func checkFiles(f *config.File) {
	n, m := f.NATS, f.Momento
	for _, file := range [...]struct {
		path, name string
		read       func(name string) error
	}{
		{"nats.creds_file", n.CredsFile, readSeed},
		{"nats.nkey_file", n.NKeyFile, readSeed},
		{"nats.password_file", n.PasswordFile, readSecret},
		{"nats.token_file", n.TokenFile, readSecret},
		{"nats.tls.ca_file", n.TLS.CAFile, readCertificates},
		{"nats.tls.cert_file", n.TLS.CertFile, readCertificates},
		{"nats.tls.key_file", n.TLS.KeyFile, readSecret},
		{"momento.tls.ca_file", m.TLS.CAFile, readCertificates},
		{"momento.api_key_url_headers_file", m.APIKeyURLHeadersFile, readHeaders},
		{"momento.api_key_url_body_file", m.APIKeyURLBodyFile, readSecret},
		{"admin.control", f.Admin.TokenFile(), checkToken},
		{"admin.web_config_file", f.Admin.WebConfigFile, admin.CheckWebConfig},
	} {
		if file.name == "" {
			continue
		}
		err := file.read(file.name)
		if _, system := errors.AsType[*os.PathError](err); system {
			f.Problemf(file.path, "%s cannot be read: %v; correct the path or the permissions", file.path, err)
		} else if err != nil {
			f.Problemf(file.path, "%s names %s: %v", file.path, file.name, err)
		}
	}
	checkPair(f)
	checkControl(f)
}

// checkPair reports a key that is not that of the certificate.
func checkPair(f *config.File) {
	pair := f.NATS.TLS
	if pair.CertFile == "" || pair.KeyFile == "" {
		return
	}
	key, keyErr := secretfile.Read(context.Background(), pair.KeyFile)
	cert, certErr := certificatesIn(pair.CertFile)
	if keyErr != nil || certErr != nil {
		return // It has been told.
	}
	if _, err := tls.X509KeyPair(cert, []byte(key)); err != nil {
		f.Problemf("nats.tls.key_file", "nats.tls.key_file does not fit nats.tls.cert_file: %v", err)
	}
}

// checkControl reports a web configuration under which nobody could control the daemon.
func checkControl(f *config.File) {
	if f.Admin.WebConfigFile == "" || f.Broken("admin.web_config_file") {
		return
	}
	web, err := admin.ReadWebConfig(f.Admin.WebConfigFile)
	switch {
	case err != nil: // It has been told.
	case f.Admin.Control == config.ControlCertificates && !web.Certificates:
		f.Problemf("admin.control",
			"admin.control: client-certificates needs a web_config_file whose tls_server_config "+
				"has client_auth_type: VerifyClientCertIfGiven, or RequireAndVerifyClientCert, and client_ca_file")
	case f.Admin.TokenFile() != "" && web.Passwords:
		f.Problemf("admin.control",
			"admin.control names a token file, and web_config_file has basic_auth_users: both are "+
				"sent in the header Authorization, so that nobody could send them; write control: loopback or "+
				"client-certificates, or take basic_auth_users out")
	}
}

func readSecret(name string) error {
	_, err := secretfile.Read(context.Background(), name)
	return err
}

func readHeaders(name string) error {
	_, err := key.ReadHeaders(context.Background(), name)
	return err
}

func readSeed(name string) error {
	text, err := secretfile.Read(context.Background(), name)
	if err != nil {
		return err
	}
	return source.CheckSeed(text)
}

func readCertificates(name string) error {
	_, err := certificatesIn(name)
	return err
}

// certificatesIn returns the text of a file that has certificates. It is not bounded: a bundle of roots is larger than
// any secret.
func certificatesIn(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
		err = errors.New("it holds no certificate in PEM")
	}
	return text, err
}
