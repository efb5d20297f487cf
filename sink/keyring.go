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

// Keyring holds the key in use and replaces it: from a file that is read again when it changes, or from a token vending machine before it
// expires. All methods may be called concurrently.
type Keyring struct {
	path    string                             // Of a file, or empty.
	fetch   func(context.Context) (Key, error) // From a vending machine, or nil. Without either the key is fixed.
	refused chan struct{}                      // One slot: the vended key was refused.
	current atomic.Pointer[Key]

	mu   sync.Mutex // Guards the following.
	read time.Time  // When the file was last read.
	err  error      // Why there is no newer key.
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

// KeyVendor returns a keyring without a key: Watch fetches it.
func KeyVendor(v *Vendor) *Keyring {
	return &Keyring{fetch: v.Fetch, refused: make(chan struct{}, 1)}
}

// Key returns the key in use, nil before the first one has been fetched. The pointer changes when the key does.
func (r *Keyring) Key() *Key { return r.current.Load() }

// Vended reports whether keys come from a vending machine.
func (r *Keyring) Vended() bool { return r.fetch != nil }

// Missing returns why there is no key yet; nil if there is one.
func (r *Keyring) Missing() error {
	if r.Key() != nil { // Without the mutex: a file may take long to read.
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	return errors.New("no API key has been fetched yet")
}

// First fetches a key without Watch, trying again until ctx is done.
func (r *Keyring) First(ctx context.Context) error {
	delays := failureDelays()
	for {
		err := r.fetchOne(ctx, func() {})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(delays.NextBackOff()):
		}
	}
}

func (r *Keyring) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Reread is called when a key has been refused; nothing happens if it is not in use any more. It reads the file again, unless it was read
// within the last second, which then still counts, and reports whether the key has changed. On an error the old key stays in use. A vended key is replaced by Watch,
// which is told.
func (r *Keyring) Reread(refused *Key) (bool, error) {
	if refused != r.Key() {
		return false, nil
	}
	if r.fetch != nil {
		select {
		case r.refused <- struct{}{}:
		default: // It has been told.
		}
	}
	if r.path == "" {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.read) < time.Second {
		return false, r.err
	}
	r.read = time.Now()
	k, err := readKey(r.path)
	if r.err = err; err != nil {
		return false, err
	}
	if k.raw == r.Key().raw {
		return false, nil
	}
	r.current.Store(&k)
	return true, nil
}

// Watch replaces the key until ctx is done, and calls changed after it has, and failed when the file has become unreadable or the vending
// machine has ceased to give keys. It reads the file every interval: Kubernetes and systemd replace such files, and reading costs less than
// watching directories.
func (r *Keyring) Watch(ctx context.Context, interval time.Duration, changed func(), failed func(error)) {
	if r.fetch != nil {
		r.renew(ctx, changed, failed)
		return
	}
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
		_, err := r.Reread(r.Key())
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
		return Key{}, fmt.Errorf("read the API key from %s: %w; correct the path, or the permissions of the user that runs this", path, err)
	}
	k, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}
