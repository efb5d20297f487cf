package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// socketTimeout bounds the look whether somebody answers on a socket that is there already.
const socketTimeout = time.Second

// socket is a listener on a Unix socket that only the daemon's user, and root, can reach. Close removes the file,
// unless another one is in its place.
type socket struct {
	*net.UnixListener

	path string
	made fs.FileInfo
}

// listenSocket opens a Unix socket with mode 0600. One that a daemon has left behind is replaced; what is no socket, or
// is in use, stays as it is. An error says what to do.
func listenSocket(path string) (net.Listener, error) {
	if err := replaceable(path); err != nil {
		return nil, fmt.Errorf("open the Unix socket of admin.listen: %w", err)
	}
	ln, err := makeSocket(path)
	if err != nil {
		return nil, fmt.Errorf("open the Unix socket of admin.listen: %w\nthe directory must exist and be writable "+
			"for the user that runs this; systemd makes one with RuntimeDirectory=momento-bridge", err)
	}
	made, err := os.Lstat(path)
	if err != nil {
		_ = ln.Close()
		return nil, fmt.Errorf("open the Unix socket of admin.listen: %w", err)
	}
	return &socket{ln, path, made}, nil
}

// replaceable is an error if something is at a path that must stay.
func replaceable(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is no socket: it is left as it is; choose another path, or remove it", path)
	}
	conn, err := net.DialTimeout("unix", path, socketTimeout)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("another program, perhaps another momento-bridge, listens on %s: stop it, or choose another "+
			"path", path)
	}
	return nil
}

// makeSocket makes the socket where nobody else can reach it, and moves it to its place when its mode is right.
func makeSocket(path string) (*net.UnixListener, error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".mb") // Its mode is 0700.
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	hidden := filepath.Join(dir, "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false)
	err = os.Chmod(hidden, 0o600)
	if err == nil {
		err = os.Rename(hidden, path)
	}
	if err != nil {
		_ = ln.Close()
		return nil, err
	}
	return ln, nil
}

// Close implements net.Listener.
func (s *socket) Close() error {
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.made) {
		_ = os.Remove(s.path) // The next one replaces it.
	}
	return s.UnixListener.Close()
}

// Addr implements net.Listener.
func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }
