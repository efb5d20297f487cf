package main

import (
	"net"
	"os"
)

// notifySystemd sends a state to the service manager, as sd_notify(3) describes: one datagram to the socket in NOTIFY_SOCKET.
// Without a service manager it does nothing. A failure is ignored: there is nobody to tell.
func notifySystemd(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = conn.Write([]byte(state))
}
