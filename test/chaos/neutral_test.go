package chaos

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// neutral is a server that others have written, as a process in the foreground.
type neutral struct {
	t       *testing.T
	address string // Host and port of plain HTTP,
	secure  string // and of TLS.
	backend string // Where it passes requests on to, in forms that do.
	pair    pair
	dir     string // For its files. Those that its configuration logs go to the file access.
	cmd     *exec.Cmd
	reload  syscall.Signal // Makes it read its configuration again, without a pause.
}

// newNeutral prepares a server whose program is installed.
func newNeutral(t *testing.T, reload syscall.Signal) *neutral {
	t.Helper()
	return &neutral{
		t: t, address: freeAddress(t), secure: freeAddress(t), backend: freeAddress(t),
		pair: newCertificate(t), dir: t.TempDir(), reload: reload,
	}
}

// installed returns the path of a program, which a machine that checks changes has.
func installed(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", program)) // Debian's servers are out of the path of users.
	}
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}

// configure writes the configuration. The words in capitals stand for addresses and files.
func (s *neutral) configure(text string) {
	s.t.Helper()
	text = strings.NewReplacer("DIR", s.dir, "PLAIN", s.address, "SECURE", s.secure, "BACKEND", s.backend,
		"CERTIFICATE", s.pair.certificate, "KEY", s.pair.key, "BOTH", s.pair.both).Replace(text)
	if err := os.WriteFile(s.conf(), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *neutral) conf() string { return filepath.Join(s.dir, "conf") }

// run starts the program, which ends with the test.
func (s *neutral) run(program string, args ...string) {
	s.t.Helper()
	var said bytes.Buffer
	s.cmd = exec.Command(program, args...)
	s.cmd.Stdout, s.cmd.Stderr = &said, &said
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // It tells its children.
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
		if s.t.Failed() {
			errors, _ := os.ReadFile(filepath.Join(s.dir, "error"))
			s.t.Logf("%s said:\n%s%s", filepath.Base(program), said.Bytes(), errors)
		}
	})
	eventually(s.t, 10*time.Second, program+" listens", func() bool { return listens(s.address) && listens(s.secure) })
}

// reconfigure replaces the configuration while the server runs.
func (s *neutral) reconfigure(text string) {
	s.t.Helper()
	s.configure(text)
	s.reread()
}

func (s *neutral) reread() { _ = s.cmd.Process.Signal(s.reload) }

// url returns where to publish.
func (s *neutral) url(secure bool) string {
	if secure {
		return "https://" + s.secure
	}
	return "http://" + s.address
}

// logged returns how often each topic was accepted, from lines of status and path.
func (s *neutral) logged() map[string]int {
	text, err := os.ReadFile(filepath.Join(s.dir, "access"))
	if err != nil {
		s.t.Fatal(err)
	}
	copies := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "204 "); ok {
			copies[path[strings.LastIndexByte(path, '/')+1:]]++
		}
	}
	return copies
}
