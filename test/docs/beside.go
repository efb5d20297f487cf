package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// beside are the configurations of examples that a page's commands name. The session has them with its own addresses.
func (p *Page) beside() []string {
	return regexp.MustCompile(`examples/[\w./-]+\.yaml`).FindAllString(p.typed(), -1)
}

// addresses is a text in which all addresses are that the session of a page must know.
func (p *Page) addresses(repository string) string {
	var text strings.Builder
	text.WriteString(p.Text + " 127.0.0.1:4222 127.0.0.1:9464 127.0.0.1:8080")
	for _, name := range p.beside() {
		more, _ := os.ReadFile(filepath.Join(repository, name)) // A command that wants it says that it is missing.
		text.WriteString(" " + string(more))
	}
	return text.String()
}

// moveBeside moves the addresses of those configurations into the session.
func (s *Session) moveBeside(page *Page) error {
	for _, name := range page.beside() {
		text, err := os.ReadFile(filepath.Join(s.Repository, name))
		if err != nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(s.Checkout, name), []byte(s.In(string(text))), 0o600); err != nil {
			return fmt.Errorf("move a configuration into the session: %w", err)
		}
	}
	return nil
}
