// Package standin plays, for the commands of the documents, the programs that a machine may lack or that would change
// it. The test program of test/docs is each of them: it is called by a link with the program's name. They refuse flags
// and arguments that the real programs do not take, and what they would read must exist and make sense. Each says what
// it cannot show.
package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Place is where a session of commands is.
type Place struct {
	Dir        string            // Has all of the session.
	Checkout   string            // The copy of the checkout, in which the session begins.
	Root       string            // Stands for the root of the file system.
	Repository string            // The repository itself.
	Bridge     string            // The program momento-bridge.
	Bin        string            // The directory that is PATH.
	Ports      map[string]int    // From the ports that pages name to those of the session.
	Long       bool              // Load tests are run, too.
	Tools      map[string]string // Real programs that stand-ins lead: go, and in the long form helm.
	Machine    []string          // Environment for those that have to do with the machine's own files, as go has.
}

// variable names the file that tells a stand-in where it is.
const variable = "DOCS_PLACE"

// Write writes a place down for the stand-ins, and returns what their environment needs for that.
func (p *Place) Write() (env string, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("write the place: %w", err)
	}
	file := filepath.Join(p.Dir, "place.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", fmt.Errorf("write the place: %w", err)
	}
	return variable + "=" + file, nil
}

func readPlace() (p Place, err error) {
	text, err := os.ReadFile(os.Getenv(variable))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, fmt.Errorf("where is the session: %w", err)
	}
	return p, nil
}

// note notes that a program has been played.
func (p *Place) note(name string) error {
	file, err := os.OpenFile(filepath.Join(p.Dir, "played"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(name + "\n")
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("note what is played: %w", err)
	}
	return nil
}

// Port is the session's port for one that pages name.
func (p *Place) Port(named int) int { return p.Ports[strconv.Itoa(named)] }

var (
	address = regexp.MustCompile(`(127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1\]):([0-9]{2,5})\b`)
	// elsewhere are machines with a daemon that examples name: the session's own plays them.
	elsewhere = regexp.MustCompile(`\b(bridge\.internal|10\.0\.0\.7):9464\b`)
	absolute  = regexp.MustCompile("(^|[\\s'\"`=:(,@<>|{\\[])(/(?:etc|var|usr|run|opt|srv|tmp|home|root|mnt)\\b)")
)

// Addresses returns the ports that a text names.
func Addresses(text string) (ports []string) {
	for _, found := range address.FindAllStringSubmatch(text, -1) {
		ports = append(ports, found[2])
	}
	return ports
}

// In moves the addresses and absolute paths of a text into the session.
func (p *Place) In(text string) string {
	text = elsewhere.ReplaceAllString(text, "127.0.0.1:9464")
	text = address.ReplaceAllStringFunc(text, func(found string) string {
		host, port, _ := strings.Cut(found, ":")
		if cut := strings.LastIndex(found, ":"); cut >= 0 {
			host, port = found[:cut], found[cut+1:]
		}
		if mine, ok := p.Ports[port]; ok {
			return fmt.Sprintf("%s:%d", host, mine)
		}
		return found
	})
	return absolute.ReplaceAllString(text, "${1}"+p.Root+"${2}")
}

// Out moves them back.
func (p *Place) Out(text string) string {
	text = strings.ReplaceAll(text, p.Root, "")
	for named, mine := range p.Ports {
		text = strings.ReplaceAll(text, fmt.Sprintf(":%d", mine), ":"+named)
	}
	return strings.ReplaceAll(text, p.Checkout+"/", "")
}
