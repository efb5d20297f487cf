package config

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// The values of admin.control that are no path.
const (
	ControlLoopback     = "loopback"
	ControlNone         = "none"
	ControlCertificates = "client-certificates"
)

// socketPrefix begins the path of a Unix socket in admin.listen.
const socketPrefix = "unix:"

// maxSocketPath is what every system takes as the path of a Unix socket, in bytes, with what stands in for its name
// while it is made.
const maxSocketPath = 90

// Listeners returns where to listen: the address with a port, and the path of the Unix socket. One of them may be
// empty. Of an admin.listen with problems it returns what there is.
func (a *Admin) Listeners() (address, socket string) {
	for part := range strings.SplitSeq(a.Listen, ",") {
		part = strings.TrimSpace(part)
		if path, ok := strings.CutPrefix(part, socketPrefix); ok {
			socket = path
		} else {
			address = part
		}
	}
	return address, socket
}

// TokenFile returns the path of the token file that admin.control names; empty: it names none.
func (a *Admin) TokenFile() string {
	if strings.ContainsAny(a.Control, `/\`) {
		return a.Control
	}
	return ""
}

func (f *File) checkAdmin() {
	if name, bad := badHost(f.Admin.Hosts); bad {
		f.Problemf("admin.hosts", "admin.hosts: %q is not a bare host name: write names such as bridge.example.com, "+
			"separated by commas, without scheme, port and path", name)
	}
	f.checkListeners()
	f.checkControl()
}

func (f *File) checkListeners() {
	address, socket := f.Admin.Listeners()
	parts := strings.Split(f.Admin.Listen, ",")
	if len(parts) > 2 || len(parts) == 2 && (address == "" || socket == "") {
		f.Problemf("admin.listen", "admin.listen %q: give one address with a port, one unix:/path, or both with a "+
			"comma between them", f.Admin.Listen)
		return
	}
	if strings.Contains(f.Admin.Listen, socketPrefix) {
		f.checkSocket(socket)
	}
	if address == "" && socket != "" {
		return
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		f.Problemf("admin.listen", "admin.listen %q is not an address with a port: write one such as 127.0.0.1:9464, "+
			"or a Unix socket such as unix:/run/momento-bridge/admin.sock", address)
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		f.Problemf("admin.listen", "admin.listen %q: the port must be from 0 to 65535", address)
	}
}

func (f *File) checkSocket(path string) {
	switch {
	case !filepath.IsAbs(path):
		f.Problemf("admin.listen", "admin.listen: the path of the Unix socket must begin with /: write it as "+
			"unix:/run/momento-bridge/admin.sock")
	case len(path) > maxSocketPath:
		f.Problemf("admin.listen",
			"admin.listen: the path of the Unix socket has %d bytes, and systems take %d: choose "+
				"a shorter one", len(path), maxSocketPath)
	}
}

func (f *File) checkControl() {
	a := &f.Admin
	switch {
	case a.Control == ControlLoopback, a.Control == ControlNone, a.TokenFile() != "":
	case a.Control != ControlCertificates:
		f.fail("admin.control",
			"admin.control must be loopback, none, client-certificates, or the path of a file with "+
				"a token, which has a /")
	case a.WebConfigFile == "":
		f.Problemf("admin.control", "admin.control: client-certificates needs admin.web_config_file, with "+
			"tls_server_config and its client_ca_file")
	}
	if address, _ := a.Listeners(); a.WebConfigFile != "" && address == "" {
		f.Problemf("admin.web_config_file", "admin.web_config_file is for an address with a port: admin.listen has a "+
			"Unix socket alone, to which it does not apply")
	}
}
