package key

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"momento-bridge/secretfile"
)

// Ring holds the key in use and replaces it: from a file that is read again when it changes, or from a token
// vending machine before it expires. All methods may be called concurrently, and but for Watch and First none waits
// for a disk or a network.
type Ring struct {
	load    func(context.Context) (Key, error) // From a file, or nil.
	fetch   func(context.Context) (Key, error) // From a vending machine, or nil. Without either the key is fixed.
	file    string                             // Whose key it is; empty: it is of no file.
	vendor  string                             // The vending machine's fingerprint; empty without one.
	refused chan struct{}                      // One slot: the key in use was refused.
	current atomic.Pointer[Key]
	trouble atomic.Pointer[error] // Why there is no newer key; nil: nothing is known against it.
}

// Fixed returns a keyring with one key for ever.
func Fixed(k Key) *Ring {
	r := newRing(nil, nil)
	r.current.Store(&k)
	return r
}

// FromFile returns a keyring with the key in a file. It takes secretfile.Timeout at the most.
func FromFile(path string) (*Ring, error) {
	load := func(ctx context.Context) (Key, error) { return readKey(ctx, path) }
	k, err := load(context.Background())
	if err != nil {
		return nil, err
	}
	r := newRing(load, nil)
	r.file = path
	r.current.Store(&k)
	return r, nil
}

// FromVendor returns a keyring without a key: Watch fetches it.
func FromVendor(v *Vendor) *Ring {
	r := newRing(nil, v.Fetch)
	r.vendor = v.fingerprint()
	return r
}

func newRing(load, fetch func(context.Context) (Key, error)) *Ring {
	return &Ring{load: load, fetch: fetch, refused: make(chan struct{}, 1)}
}

// Key returns the key in use, nil before the first one has been fetched. The pointer changes when the key does.
func (r *Ring) Key() *Key { return r.current.Load() }

// File returns the path of the file that the key is read from; empty if it is from elsewhere.
func (r *Ring) File() string { return r.file }

// Vended reports whether keys come from a vending machine.
func (r *Ring) Vended() bool { return r.fetch != nil }

// ErrNone says that the first key has not been fetched.
var ErrNone = errors.New("no API key yet")

// Missing returns why there is no key yet; nil if there is one.
func (r *Ring) Missing() error {
	if r.Key() != nil {
		return nil
	}
	if err := r.Trouble(); err != nil {
		return fmt.Errorf("%w: %w", ErrNone, err)
	}
	return fmt.Errorf("%w: it is being fetched", ErrNone)
}

// Trouble returns why the file could not be read, or no key be fetched, when that was tried last; nil if it went well.
func (r *Ring) Trouble() error {
	if err := r.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// First fetches a key without Watch, trying again until ctx is done.
func (r *Ring) First(ctx context.Context) error {
	delays := failureDelays()
	var failure error
	for {
		_, err := r.replace(ctx, r.fetch)
		if err == nil {
			return nil
		}
		if failure == nil || ctx.Err() == nil { // What the end of ctx has cut off tells less than the failure before.
			failure = err
		}
		select {
		case <-ctx.Done():
			return failure
		case <-time.After(delays.NextBackOff()):
		}
	}
}

// Reread is called when a key has been refused; nothing happens if it is not in use any more. It asks Watch to look
// for a new one at once.
func (r *Ring) Reread(refused *Key) {
	if refused != r.Key() {
		return
	}
	select {
	case r.refused <- struct{}{}:
	default: // It has been asked.
	}
}

// Watch replaces the key until ctx is done. It reads a file every interval, as Kubernetes and systemd replace such
// files; of a vending machine it asks for a new key before the old one expires, and when Reread is called. A Ring made
// by Fixed has nothing to watch: Watch returns at once.
//
// It calls changed after it has replaced the key, and failed once when a key can no longer be had, until that has
// succeeded again. Meanwhile the old key stays in use. Both are called on the goroutine of Watch. It is called once.
func (r *Ring) Watch(ctx context.Context, interval time.Duration, changed func(), failed func(error)) {
	w := watcher{Ring: r, changed: changed, failed: failed}
	switch {
	case r.fetch != nil:
		w.renew(ctx)
	case r.load != nil:
		w.reread(ctx, interval)
	}
}

// watcher is one Watch.
type watcher struct {
	*Ring

	changed func()
	failed  func(error)
	broken  bool // As far as failed has been told.
}

// look takes a new key into use, if there is one, and tells of it. It reports whether it failed. When ctx is done
// nothing is told.
func (w *watcher) look(ctx context.Context, get func(context.Context) (Key, error)) (failed bool) {
	changed, err := w.replace(ctx, get)
	if ctx.Err() != nil {
		return err != nil
	}
	if err != nil && !w.broken {
		w.failed(err)
	}
	w.broken = err != nil
	if changed {
		w.changed()
	}
	return w.broken
}

// replace takes the key that get gives into use, and reports whether it is another one.
func (r *Ring) replace(ctx context.Context, get func(context.Context) (Key, error)) (changed bool, err error) {
	k, err := get(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.trouble.Store(&err)
		}
		return false, err
	}
	r.trouble.Store(nil)
	old := r.Key()
	if old != nil && old.raw == k.raw && old.Expires.Equal(k.Expires) {
		return false, nil
	}
	r.current.Store(&k)
	return old == nil || old.raw != k.raw, nil
}

// reread reads the file every interval, and at once when the key is refused, but for that at most once a second.
func (w *watcher) reread(ctx context.Context, interval time.Duration) {
	var asked time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		case <-w.refused:
			if !pause(ctx, time.Until(asked.Add(leastBetween))) {
				return
			}
			asked = time.Now()
		}
		w.look(ctx, w.load)
	}
}

// pause waits, and reports false when ctx is done.
func pause(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

func readKey(ctx context.Context, path string) (Key, error) {
	text, err := secretfile.Read(ctx, path)
	if err != nil {
		return Key{}, unread("the API key", path, err)
	}
	return keyOf(path, text)
}

// keyOf is the key that stands in a file.
func keyOf(path, text string) (Key, error) {
	k, err := Parse(text)
	switch {
	case err == nil:
		return k, nil
	case inCredentials(path):
		return Key{}, fmt.Errorf("%s: %w; systemd copied it when the service started: write the key into the file "+
			"that LoadCredential of the unit names (/etc/momento-bridge/api-key), and restart", path, err)
	}
	return Key{}, fmt.Errorf("%s: %w", path, err)
}

// unread is an error of secretfile with what was to be read.
func unread(what, path string, err error) error {
	if pathError, ok := errors.AsType[*os.PathError](err); ok {
		advice := "correct the path, or the permissions of the user that runs this"
		if inCredentials(path) && errors.Is(err, os.ErrNotExist) {
			advice = "systemd puts it there while the service runs: name the file that it is copied from, as in " +
				"--api-key-file /etc/momento-bridge/api-key"
		}
		err = fmt.Errorf("%w; %s", pathError.Err, advice)
	}
	return fmt.Errorf("read %s from %s: %w", what, path, err)
}

// inCredentials reports whether a path is of a service's credentials, where systemd puts copies of other files.
func inCredentials(path string) bool { return strings.HasPrefix(path, "/run/credentials/") }
