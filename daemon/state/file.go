package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxBytes bounds a file.
const maxBytes = 1 << 20

// Usable returns an error for a directory in which nothing can be kept: something else has its name, or more than its
// last part is missing.
func Usable(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no directory", dir)
	}
	return err
}

// read returns the text of a regular file.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // To open a pipe would wait for somebody who writes to it.
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err == nil && len(text) > maxBytes {
		return nil, fmt.Errorf("%s is larger than %d KiB", path, maxBytes>>10)
	}
	return text, err
}

// replace puts a file with this text in the place of the old one. Nobody else may read it.
func replace(dir, name string, text []byte, now time.Time) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	sweep(dir, name, now)
	f, err := os.CreateTemp(dir, name+".*"+temporary) // Its mode is 0600.
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	// Without that, a machine that stops may leave an empty file.
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

const (
	temporary = ".tmp" // How names of files end that are being written.
	abandoned = time.Hour
)

// sweep removes what a daemon that was killed has left half written.
func sweep(dir, name string, now time.Time) {
	files, _ := os.ReadDir(dir) // Who cannot read it can write to it all the same.
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), name+".") || !strings.HasSuffix(f.Name(), temporary) {
			continue
		}
		if info, err := f.Info(); err == nil && now.Sub(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
	}
}
