package daemon

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// What others may do with a file: its group, and all.
const (
	groupReads  = 0o040
	groupWrites = 0o020
	allRead     = 0o004
	allWrite    = 0o002
)

// openFiles names secrets that others may read, and what decides what the daemon does that others may write.
func openFiles(p *Plan) []string {
	var texts []string
	for _, f := range secretFiles(&p.file.Config) {
		if text := openSecret(f); text != "" {
			texts = append(texts, text)
		}
	}
	if name := p.file.Name(); name != "" {
		if who := mayWrite(name); who != "" {
			texts = append(texts, fmt.Sprintf("the configuration %s may be written by %s, who decide with it where "+
				"messages "+
				"and the key go: chmod go-w %s", name, who, quoted(name)))
		}
	}
	if p.stateDir != "" {
		if who := mayWrite(p.stateDir); who != "" {
			texts = append(texts, fmt.Sprintf("state_dir %s may be written by %s, who decide with it what the daemon "+
				"remembers: chmod go-w %s", p.stateDir, who, quoted(p.stateDir)))
		}
	}
	return texts
}

// openSecret says that others may read, or replace, a file with a secret.
func openSecret(f namedFile) string {
	info, err := os.Stat(f.name)
	if f.name == "" || err != nil || !info.Mode().IsRegular() { // What cannot be read has been told.
		return ""
	}
	mode := info.Mode().Perm()
	who := ""
	switch {
	case mode&(allRead|allWrite) != 0:
		who = "all users"
	case mode&(groupReads|groupWrites) != 0 && own(info):
		who = "its group"
	default: // The group of a file of somebody else may be how we are allowed to read it.
		return ""
	}
	return fmt.Sprintf("%s: %s may be read by %s (mode %04o): chmod 600 %s", f.path, f.name, who, mode, quoted(f.name))
}

// mayWrite says who else may write a file or to a directory; empty: nobody.
func mayWrite(name string) string {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return ""
	case info.Mode().Perm()&allWrite != 0:
		return "all users"
	case info.Mode().Perm()&groupWrites != 0 && own(info):
		return "its group"
	}
	return ""
}

// quoted is a name as a shell takes it.
func quoted(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" {
		return name
	}
	return strconv.Quote(name)
}
