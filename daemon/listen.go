package daemon

import (
	"errors"
	"fmt"
	"net"
	"syscall"
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
