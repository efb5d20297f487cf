package lab

import (
	"fmt"
	"syscall"
)

// RefusingAddress returns a loopback address where connections are refused until release is called: its port is taken,
// so that nobody else can come to listen there, and nobody listens.
func RefusingAddress() (address string, release func(), err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return "", nil, fmt.Errorf("make a socket: %w", err)
	}
	release = func() { _ = syscall.Close(fd) }
	port, err := bind(fd)
	if err != nil {
		release()
		return "", nil, fmt.Errorf("take a port: %w", err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port), release, nil
}

// bind takes any free port of loopback.
func bind(fd int) (port int, err error) {
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	bound, ok := name.(*syscall.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("bound to %T", name)
	}
	return bound.Port, nil
}
