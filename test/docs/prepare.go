package docs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"momento-bridge/test/docs/standin"
)

// machines are the programs of the machine that pages may use.
var machines = []string{
	"sh", "awk", "base64", "basename", "cat", "chmod", "chown", "cmp", "cp", "cut", "date", "diff", "dirname", "echo",
	"env", "false", "find", "grep", "head", "id", "install", "kill", "ln", "ls", "mkdir", "mktemp", "mv", "printf",
	"pwd", "rm", "sed", "seq", "sha256sum", "sleep", "sort", "tail", "tar", "tee", "test", "touch", "tr", "true",
	"uname", "uniq", "wc", "xargs",
}

// preferred are those that are played only where the machine lacks them.
var preferred = []string{"jq", "openssl"}

// checkout is what of the repository a session has a copy of.
var checkout = []string{
	"deploy", "examples", "grafana", "docs", "batch/js", "batch/python", "README.md", "LICENSE", "Makefile",
	"Dockerfile", ".ci", "admin/page", "loadtest/report/assets",
}

func (s *Session) makeDirectories(page *Page) error {
	for _, name := range []string{
		"running", "checkout", "root/etc/momento-bridge", "root/tmp", "root/var/lib/momento-bridge",
		"root/var/lib/private/momento-bridge", "root/usr/lib/systemd/system",
		"root/etc/systemd/system", "root/root", "root/usr/share/doc/momento-bridge", "root/run",
	} {
		if err := os.MkdirAll(filepath.Join(s.Dir, name), 0o700); err != nil {
			return fmt.Errorf("make the session: %w", err)
		}
	}
	typed := page.typed()
	for _, name := range checkout {
		if !strings.Contains(typed, name) && name != "Dockerfile" {
			continue // Nothing looks at it.
		}
		from, to := filepath.Join(s.Repository, name), filepath.Join(s.Checkout, name)
		info, err := os.Stat(from)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil && name == "examples" {
			err = s.copyExamples(from, to)
		} else if err == nil && info.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
		} else if err == nil {
			err = copyFile(from, to)
		}
		if err != nil {
			return fmt.Errorf("copy the checkout: %w", err)
		}
	}
	return nil
}

// copyExamples moves the addresses and paths of configurations into the session.
func (s *Session) copyExamples(from, to string) error {
	err := os.CopyFS(to, os.DirFS(from))
	files, wrong := filepath.Glob(filepath.Join(to, "*", "*.yaml"))
	for _, file := range files {
		text, wrong := os.ReadFile(file)
		if wrong == nil {
			wrong = os.WriteFile(file, []byte(s.In(string(text))), 0o600)
		}
		err = errors.Join(err, wrong)
	}
	return errors.Join(err, wrong)
}

// exampleText is all that configurations of the examples say.
func exampleText(repository string) string {
	var all strings.Builder
	files, _ := filepath.Glob(filepath.Join(repository, "examples", "*", "*.yaml"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		all.Write(text)
	}
	return all.String()
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// MakePrograms makes the directory that is PATH of all sessions.
func MakePrograms(dir string, long bool) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("make the programs: %w", err)
	}
	link := func(to, name string) {
		err = errors.Join(err, os.Symlink(to, filepath.Join(dir, name)))
	}
	there := map[string]bool{}
	wanted := slices.Concat(machines, preferred)
	if long {
		wanted = append(wanted, "curl")
	}
	for _, name := range wanted {
		if path, missing := exec.LookPath(name); missing == nil {
			link(path, name)
			there[name] = true
		}
	}
	if path, ok := Tools["nats"]; ok {
		link(path, "nats")
		there["nats"] = true
	}
	for _, name := range standin.Names() {
		if !there[name] {
			link(self, name)
		}
	}
	return err
}

// makeFiles writes what pages take for granted.
func (s *Session) makeFiles(*Page) error {
	files := map[string]string{
		"key.txt": key + "\n", "reader.txt": key + "\n", "token.txt": "a-token\n",
		"config.yaml": assumed, "bridge.yaml": assumed,
	}
	files[filepath.Join(s.Root, "etc/momento-bridge/config.yaml")] = assumed // What a package has, filled in.
	for name, text := range files {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.Checkout, name)
		}
		if err := os.WriteFile(name, []byte(s.In(text)), 0o600); err != nil {
			return fmt.Errorf("make the files: %w", err)
		}
	}
	return nil
}

// assumed is the configuration that a page has which does not show one.
const assumed = `momento: {region: us-east-1}
routes:
  - {name: orders, stream: ORDERS, subject: "orders.>", cache: my-cache, topic: "orders-{{wildcard(1)}}",
     dead_letter: {subject: dead.orders}}
`
