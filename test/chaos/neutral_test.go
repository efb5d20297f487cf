package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"momento-bridge/test/lab"
)

// neutral is a server that others have written, as a process in the foreground.
type neutral struct {
	t       *testing.T
	program string
	address string // Host and port of plain HTTP,
	secure  string // and of TLS.
	backend string // Where it passes requests on to, in forms that do.
	pair    lab.Certificate
	dir     string // For its files. Those that its configuration logs go to the file access.
	process *lab.Process
	reload  syscall.Signal // Makes it read its configuration again, without a pause.
}

// newNeutral prepares a server whose program is installed.
func newNeutral(t *testing.T, program string, reload syscall.Signal) *neutral {
	t.Helper()
	dir, err := rig.Scratch("neutral")
	must(t, err)
	certificate, err := lab.NewCertificate(dir)
	must(t, err)
	return &neutral{
		t: t, program: installed(t, program), address: lab.FreeAddress(), secure: lab.FreeAddress(),
		backend: lab.FreeAddress(),
		pair:    certificate, dir: dir, reload: reload,
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
		"CERTIFICATE", s.pair.File, "KEY", s.pair.KeyFile, "BOTH", s.pair.Both).Replace(text)
	if err := os.WriteFile(s.conf(), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *neutral) conf() string { return filepath.Join(s.dir, "conf") }

// run starts the program, which ends with the test.
func (s *neutral) run(args ...string) {
	s.t.Helper()
	cmd := exec.Command(s.program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // It tells its children.
	var err error
	s.process, err = rig.StartCommand(cmd)
	must(s.t, err)
	s.t.Cleanup(func() {
		_ = s.process.Stop()
		if s.t.Failed() {
			errors, _ := os.ReadFile(filepath.Join(s.dir, "error"))
			s.t.Logf("%s said:\n%s%s", filepath.Base(s.program), s.process.Output(), errors)
		}
	})
	lab.Eventually(s.t, patience, s.program+" listens", func() bool {
		return lab.Listens(s.address) &&
			lab.Listens(s.secure)
	})
}

// reconfigure replaces the configuration while the server runs.
func (s *neutral) reconfigure(text string) {
	s.t.Helper()
	s.configure(text)
	s.reread()
}

func (s *neutral) reread() { s.process.Signal(s.reload) }

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
