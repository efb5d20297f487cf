package sink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Keyring holds the key in use and reads it again when its file changes. All methods may be called concurrently.
type Keyring struct {
	path    string // Empty: the key is fixed.
	current atomic.Pointer[Key]

	mu   sync.Mutex // Guards the following.
	read time.Time  // When the file was last read.
}

// FixedKey returns a keyring with one key for ever.
func FixedKey(k Key) *Keyring {
	r := &Keyring{}
	r.current.Store(&k)
	return r
}

// KeyFile returns a keyring with the key in a file.
func KeyFile(path string) (*Keyring, error) {
	k, err := readKey(path)
	if err != nil {
		return nil, err
	}
	r := FixedKey(k)
	r.path = path
	return r, nil
}

// Key returns the key in use. The pointer changes when the key does.
func (r *Keyring) Key() *Key { return r.current.Load() }

// Reread reads the file again, unless it was read within the last second. It reports whether the key has changed. On an
// error the old key stays in use.
func (r *Keyring) Reread() (bool, error) {
	if r.path == "" {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.read) < time.Second {
		return false, nil
	}
	r.read = time.Now()
	k, err := readKey(r.path)
	if err != nil {
		return false, err
	}
	if k.raw == r.Key().raw {
		return false, nil
	}
	r.current.Store(&k)
	return true, nil
}

// Watch reads the file every interval until ctx is done, and calls changed after the key has changed and failed when the
// file has become unreadable. Kubernetes and systemd replace such files; reading costs less than watching directories.
func (r *Keyring) Watch(ctx context.Context, interval time.Duration, changed func(), failed func(error)) {
	if r.path == "" {
		return
	}
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	broken, last := false, r.Key()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		_, err := r.Reread()
		if err != nil && !broken {
			failed(err)
		}
		broken = err != nil
		if k := r.Key(); k != last {
			last = k
			changed()
		}
	}
}

func readKey(path string) (Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		if pathError, ok := errors.AsType[*os.PathError](err); ok {
			err = pathError.Err
		}
		return Key{}, fmt.Errorf("read the API key from %s: %w", path, err)
	}
	k, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}
