package daemon

import (
	"context"
	"errors"
	"os"

	"momento-bridge/config"
	"momento-bridge/secretfile"
	"momento-bridge/sink/key"
)

// checkFiles reports files that cannot be read, which would otherwise only show as a refused connection. The key's own
// is read by keyring.
func checkFiles(f *config.File) {
	n, m := f.NATS, f.Momento
	for _, file := range [...]struct {
		path, name string
		read       func(name string) error
	}{
		{"nats.creds_file", n.CredsFile, readSecret},
		{"nats.nkey_file", n.NKeyFile, readSecret},
		{"nats.password_file", n.PasswordFile, readSecret},
		{"nats.token_file", n.TokenFile, readSecret},
		{"nats.tls.ca_file", n.TLS.CAFile, openFile},
		{"nats.tls.cert_file", n.TLS.CertFile, openFile},
		{"nats.tls.key_file", n.TLS.KeyFile, readSecret},
		{"momento.tls.ca_file", m.TLS.CAFile, openFile},
		{"momento.api_key_url_headers_file", m.APIKeyURLHeadersFile, readHeaders},
		{"momento.api_key_url_body_file", m.APIKeyURLBodyFile, readSecret},
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
}

func readSecret(name string) error {
	_, err := secretfile.Read(context.Background(), name)
	return err
}

func readHeaders(name string) error {
	_, err := key.ReadHeaders(context.Background(), name)
	return err
}

func openFile(name string) error {
	readable, err := os.Open(name)
	if err == nil {
		readable.Close()
	}
	return err
}
