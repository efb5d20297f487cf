package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"momento-bridge/admin"
	"momento-bridge/admin/client"
	"momento-bridge/config"
)

// daemonFlags say which running daemon is meant, and what to show it.
type daemonFlags struct {
	file  string
	admin string
	with  client.Config
}

func (o *daemonFlags) declare(flags *pflag.FlagSet) {
	flags.StringVarP(&o.file, "config", "c", "", "the daemon's configuration `file`, for its admin.listen")
	flags.StringVar(&o.admin, "admin", "",
		"the daemon's admin listener: `HOST:PORT`, a URL or unix:/path (default: admin.listen of the "+
			"configuration, or 127.0.0.1:9464)")
	flags.StringVar(&o.with.CAFile, "ca-file", "", "`file` with root certificates (PEM) to trust besides the system's")
	flags.StringVar(&o.with.PasswordFile, "password-file", "",
		"`file` with user:password, where admin.web_config_file has basic_auth_users")
	flags.StringVar(&o.with.CertFile, "cert-file", "", "`file` with a client certificate (PEM)")
	flags.StringVar(&o.with.KeyFile, "key-file", "", "`file` with its key (PEM)")
}

// client returns a client of the daemon: a flag's address before the file's before the default. Where the file has an
// address and a Unix socket, the socket is taken if it is wanted: it may control more, and be open to fewer.
func (o *daemonFlags) client(socket bool) (*client.Client, error) {
	var err error
	if o.admin != "" {
		if o.with.Where, err = admin.URL(o.admin); err != nil {
			return nil, fmt.Errorf("--admin: %w", err)
		}
		return client.New(o.with)
	}
	a, err := o.configured()
	if err != nil {
		return nil, err
	}
	address, path := a.Listeners()
	if path != "" && (socket || address == "") {
		address = "unix:" + path
	}
	if o.with.Where, err = admin.URL(address); err != nil {
		return nil, fmt.Errorf("admin.listen: %w; or give --admin", err)
	}
	if a.WebConfigFile != "" && o.with.Where.Scheme == "http" {
		web, err := admin.ReadWebConfig(a.WebConfigFile)
		if err != nil {
			return nil, fmt.Errorf("read admin.web_config_file, to see whether it has TLS: %w; or give --admin "+
				"with a URL", err)
		}
		if web.TLS {
			o.with.Where.Scheme, o.with.Pinned = "https", web.CertFile
		}
	}
	return client.New(o.with)
}

// configured reads the part of the configuration that says where the daemon listens.
func (o *daemonFlags) configured() (*config.Admin, error) {
	var text []byte
	if o.file != "" {
		var err error
		if text, err = readConfiguration(o.file); err != nil {
			return nil, err
		}
	}
	f := config.Read(o.file, text)
	if slices.ContainsFunc([]string{"", "admin", "admin.listen", "admin.web_config_file"}, f.Broken) {
		return nil, f.Err()
	}
	f.Admin.Listen = cmp.Or(f.Admin.Listen, config.Default().Admin.Listen)
	return &f.Admin, nil
}
