// Package secretfile reads small files with secrets: keys, headers, passwords. Such a file may be a pipe that nobody
// writes to, or on a file server that does not answer. So reading has a time limit, and the caller should hold no lock.
// The package knows nothing of the other packages.
package secretfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// Timeout bounds one reading.
	Timeout = 5 * time.Second
	// MaxBytes bounds a file.
	MaxBytes = 64 << 10
)

// What a file can be besides unreadable. The errors say what to do and do not name the file.
var (
	ErrTimeout = fmt.Errorf("it could not be read within %.0f s: "+
		"it may be a pipe that nobody writes to, or on a file server that does not answer", Timeout.Seconds())
	ErrTooLarge  = fmt.Errorf("it is larger than %d KiB: name the right file", MaxBytes>>10)
	ErrDirectory = errors.New("it is a directory: name the file in it")
	ErrUTF16     = errors.New("it is UTF-16: save it as UTF-8")
)

// shared is for the whole process: a reading that hangs cannot be stopped, and each caller must not start another.
var shared = reader{read: readFile, underWay: map[string]*reading{}}

// Read returns the text of a file, without a byte order mark. After Timeout it returns ErrTimeout, and it returns when
// ctx is done. A file that hangs is read once at a time: all callers meanwhile get what that one reading brings. It may
// be called concurrently.
func Read(ctx context.Context, path string) (string, error) { return shared.text(ctx, path) }

// reader reads each file at most once at a time.
type reader struct {
	read func(path string) ([]byte, error)

	mu       sync.Mutex // Guards the following.
	underWay map[string]*reading
}

// reading is one attempt to read a file. When done is closed the others do not change any more.
type reading struct {
	done chan struct{}
	text []byte
	err  error
	over time.Time
}

func (r *reader) text(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, Timeout, ErrTimeout)
	defer cancel()
	one := r.begin(path)
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-one.done:
	}
	r.forget(path, one)
	if one.err != nil {
		return "", one.err
	}
	return Decode(one.text)
}

// begin returns the reading that is under way, or begins one. If the caller for whom a file was read has given up, the
// next one gets the text, as a pipe gives it only once; but not if it has become stale.
func (r *reader) begin(path string) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.underWay[path]; one != nil && !one.stale() {
		return one
	}
	one := &reading{done: make(chan struct{})}
	r.underWay[path] = one
	go func() {
		defer close(one.done)
		one.text, one.err = r.read(path)
		one.over = time.Now()
	}()
	return one
}

// stale reports whether the text was read longer ago than any caller waits.
func (one *reading) stale() bool {
	select {
	case <-one.done:
		return time.Since(one.over) > Timeout
	default:
		return false
	}
}

func (r *reader) forget(path string, one *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.underWay[path] == one {
		delete(r.underWay, path)
	}
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, ErrDirectory
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err == nil && len(text) > MaxBytes {
		return nil, ErrTooLarge
	}
	return text, err
}

// Decode returns text without a byte order mark. UTF-16, which Windows' programs write, is refused.
func Decode(text []byte) (string, error) {
	s := string(text)
	marked := strings.HasPrefix(s, "\xff\xfe") || strings.HasPrefix(s, "\xfe\xff")
	if marked || strings.HasPrefix(s, "\x00") || len(s) > 1 && s[1] == 0 {
		return "", ErrUTF16
	}
	return strings.TrimPrefix(s, "\ufeff"), nil
}
