package admin

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"momento-bridge/userinfo"
)

// URL turns an address, as in admin.listen, or a URL into where to ask. An address that listens everywhere means this
// machine.
//
// The path of a Unix socket, as unix:/run/bridge.sock, becomes a URL with the scheme unix.
func URL(address string) (*url.URL, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if path = strings.TrimPrefix(path, "//"); !filepath.IsAbs(path) {
			return nil, errors.New("the path of a Unix socket begins with /: write one such as " +
				"unix:/run/momento-bridge/admin.sock")
		}
		return &url.URL{Scheme: "unix", Path: path}, nil
	}
	if strings.Contains(address, "://") {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("write a URL such as http://127.0.0.1:9464")
		}
		u.RawQuery, u.Fragment = "", ""
		return u, nil
	}
	if strings.Contains(address, "@") {
		return nil, fmt.Errorf("%q has no scheme before user and password: write a URL such as "+
			"https://127.0.0.1:9464, and the password into a file (--password-file)", userinfo.Hide(address))
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address with a port: write one such as 127.0.0.1:9464, or a URL", address)
	}
	if port == "0" {
		return nil, fmt.Errorf(
			"%q has port 0, which is another one at each start: give the one in the daemon's log", address)
	}
	switch ip := net.ParseIP(host); {
	case host == "" || ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}, nil
}
