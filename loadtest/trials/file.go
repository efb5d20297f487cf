package trials

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/search"
)

// Name is that of the file in the directory of a report.
const Name = "trials.jsonl"

// Schema is the version of the file.
const Schema = 1

// mostBytes bounds a file that is read. A trial that looks at each publish has some bytes for each.
const mostBytes = 1 << 30

// Header is the first line: what the trials are of.
type Header struct {
	Schema  int                 `json:"schema"`
	Version string              `json:"version"` // Of the program.
	Began   time.Time           `json:"began"`
	Flags   map[string][]string `json:"flags,omitempty"` // That were given.
	Asked   json.RawMessage     `json:"asked"`           // What was to be found, of what: another search has others.
	Search  search.Config       `json:"search"`          // As it was done, which the machine decides, too.
	// What was measured of the machine before.
	Generator json.RawMessage `json:"generator,omitempty"`
}

// line is one of the others: a trial, or what was spent on something that shows nothing.
type line struct {
	Phases  []search.Phase   `json:"phases,omitempty"` // That were asked for.
	Trial   *search.Trial    `json:"trial,omitempty"`  // nil: the trial was ended early, or it is none of the search.
	Events  []string         `json:"events,omitempty"` // Of each phase of the trial, packed.
	Spent   int              `json:"spent,omitempty"`  // Publishes that the engine does not know of.
	Engine  *drive.Kept      `json:"engine,omitempty"`
	outcome []search.Outcome // Of the trial, with its events.
}

// File is the trials of a search. One goroutine uses it.
type File struct {
	Header Header
	lines  []line // That are not replayed yet.
	to     *os.File
	err    error // Why nothing is written any more.
	spent  int   // Publishes that are in none of the trials.
	trials int
	now    float64 // On the engine's clock.
}

// errInUse says that a file cannot be written by two.
var errInUse = errors.New("another search is under way there: wait for its end, or take another directory")

// Create makes the file of a new search. It takes the place of another one, unless that is under way.
func Create(dir string, h Header) (*File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("keep the trials: %w", err)
	}
	to, err := os.OpenFile(filepath.Join(dir, Name), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("keep the trials: %w", err)
	}
	if err = lock(to); err == nil {
		err = to.Truncate(0)
	}
	if err != nil {
		_ = to.Close()
		return nil, fmt.Errorf("keep the trials in %s: %w", dir, err)
	}
	h.Schema = Schema
	f := &File{Header: h, to: to}
	f.write(h)
	return f, f.err
}

// Open reads the file of a search, which further trials are added to. A last line that was not written to its end is
// dropped. Nobody else may write to it until Close.
func Open(dir string) (*File, error) {
	path := filepath.Join(dir, Name)
	to, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("there are no trials to go on with: %w", err)
	}
	f := &File{to: to}
	if err = lock(to); err == nil {
		err = f.read()
	}
	if err != nil {
		_ = to.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (f *File) read() error {
	text, err := io.ReadAll(io.LimitReader(f.to, mostBytes+1))
	if err != nil {
		return err
	}
	if len(text) > mostBytes {
		return fmt.Errorf("it has more than %d MiB", mostBytes>>20)
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if len(whole) == 0 {
		return errors.New("it has no line: begin a new search, with --out")
	}
	for i, one := range bytes.Split(whole[:len(whole)-1], []byte{'\n'}) {
		if err := f.take(i, one); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if _, err := f.to.Seek(int64(len(whole)), io.SeekStart); err != nil {
		return err
	}
	return f.to.Truncate(int64(len(whole)))
}

func (f *File) take(i int, text []byte) error {
	if i == 0 {
		if err := json.Unmarshal(text, &f.Header); err != nil {
			return fmt.Errorf("these are no trials: %w", err)
		}
		if f.Header.Schema != Schema {
			return fmt.Errorf("it has schema %d, this program reads %d: begin a new search, with --out",
				f.Header.Schema, Schema)
		}
		return nil
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	f.spent += l.Spent
	if l.Engine != nil {
		f.now = max(f.now, l.Engine.Now)
	}
	if l.Trial == nil {
		if l.Engine != nil {
			f.spent += l.Engine.Sent()
		}
		f.lines = append(f.lines, l)
		return nil
	}
	f.trials++
	if err := l.unpack(); err != nil {
		return err
	}
	f.lines = append(f.lines, l)
	return nil
}

// Trials is how many trials were read.
func (f *File) Trials() int { return f.trials }

// Spent is how many publishes there were besides those of the trials that are replayed.
func (f *File) Spent() int { return f.spent }

// Seconds is how long all that was read took.
func (f *File) Seconds() float64 { return f.now }

// Spend notes publishes before the search.
func (f *File) Spend(publishes int) {
	f.spent += publishes
	f.write(line{Spent: publishes})
}

// write adds a line that is on the disk when it returns.
func (f *File) write(v any) {
	if f.err != nil {
		return
	}
	text, err := json.Marshal(v)
	if err == nil {
		_, err = f.to.Write(append(text, '\n'))
	}
	if err == nil {
		err = f.to.Sync()
	}
	if err != nil {
		f.err = fmt.Errorf("the trials are kept no longer, so that --resume knows only those before: %w", err)
	}
}

// Close returns why not all trials were kept, if so.
func (f *File) Close() error { return errors.Join(f.err, f.to.Close()) }
