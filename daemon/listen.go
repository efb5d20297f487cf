package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"momento-bridge/admin"
)

// Listen opens a listener. An error names the settings that give the address, and says what to do.
func Listen(settings, address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	if err == nil {
		return ln, nil
	}
	advice := "give an address of this machine, such as 127.0.0.1:9464"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		advice = "another program, perhaps another momento-bridge, listens there: stop it, or choose another port (0 " +
			"takes a free one)"
	case errors.Is(err, syscall.EACCES):
		advice = "this user may not listen on that port: choose one above 1023"
	}
	return nil, fmt.Errorf("open the listener of %s: %w\n%s", settings, err, advice)
}

// listen opens the admin listeners.
func (d *Daemon) listen() error {
	a := &d.plan.file.Admin
	address, path := a.Listeners()
	if path != "" {
		ln, err := listenSocket(path)
		if err != nil {
			return err
		}
		d.admin = append(d.admin, ln)
	}
	if address == "" {
		return nil
	}
	ln, err := Listen("admin.listen (--admin-listen)", address)
	if err != nil {
		for _, opened := range d.admin {
			opened.Close()
		}
		return err
	}
	d.admin = append(d.admin, ln)
	if strings.HasSuffix(address, ":0") {
		d.log.Info("the admin listener has chosen a port", "status_page", "http://"+ln.Addr().String()+"/")
	}
	return nil
}

// AdminAddr returns the address of the admin listener, with the port that the system has chosen if none was set; that
// of the Unix socket if there is nothing else.
func (d *Daemon) AdminAddr() net.Addr { return d.admin[len(d.admin)-1].Addr() }

// serveAdmin answers on one admin listener until ctx is done. The web configuration is not for the Unix socket: who can
// open the file is known already.
func (d *Daemon) serveAdmin(ctx context.Context, ln net.Listener, handler http.Handler) error {
	webConfig := d.plan.file.Admin.WebConfigFile
	if ln.Addr().Network() == "unix" {
		webConfig = ""
	}
	return admin.Serve(ctx, ln, handler, webConfig, d.log)
}
