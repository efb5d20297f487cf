package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// PausesFile is the name of the file with the routes that operators have paused.
const PausesFile = "pauses.json"

// maxPauses bounds the file.
const maxPauses = 4096

// Pause is a route that an operator has paused.
type Pause struct {
	Route string    `json:"route"`
	From  string    `json:"from"` // What the route consumes: another one may have the same name.
	Since time.Time `json:"since"`
}

// pausesFile is the file.
type pausesFile struct {
	Schema int     `json:"schema"`
	Pauses []Pause `json:"pauses"`
}

// ReadPauses returns the pauses that are kept in a directory, whosever they are. A file that is not there has none. The
// error says what is wrong with the file.
func ReadPauses(dir string) ([]Pause, error) {
	path := filepath.Join(dir, PausesFile)
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var file pausesFile
	if json.Unmarshal(text, &file) != nil {
		return nil, fmt.Errorf("%s: %w", path, errNotJSON)
	}
	if file.Schema != schema {
		return nil, fmt.Errorf("%s: it has schema %d and this version knows %d", path, file.Schema, schema)
	}
	return file.Pauses[:min(len(file.Pauses), maxPauses)], nil
}

// WritePauses keeps pauses in a directory, which is made if only its last part is missing. What the file has of routes
// that are not among mine stays. An error leaves the file as it was.
func WritePauses(dir string, now time.Time, mine func(Pause) bool, pauses []Pause) error {
	kept, _ := ReadPauses(dir) // One that is damaged is replaced.
	kept = slices.DeleteFunc(kept, mine)
	kept = append(kept, pauses...)
	text, err := json.MarshalIndent(pausesFile{schema, kept[:min(len(kept), maxPauses)]}, "", "  ")
	if err != nil {
		return err
	}
	return replace(dir, PausesFile, append(text, '\n'), now)
}
