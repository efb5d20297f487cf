package packages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page of the documents is done as it stands, by an operator with either kind of package.
func TestThePageOfTheDocumentsIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs/packages.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"apt", "dnf"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			w, m := newWorld(t), boot(t)
			clean := m.files()
			prepareOperator(m, tool)
			m.inHome("cp /packages/before.$EXT $BEFORE")
			installs := 0
			other := map[string]string{"apt": "sudo dnf", "dnf": "sudo apt"}[tool]
			for _, block := range blocksOf(string(text), "sh") {
				if strings.Contains(block, other) {
					continue
				}
				if strings.Contains(block, "./momento-bridge") {
					if installs++; installs == 2 {
						m.inHome("rm $BEFORE && cp /packages/now.$EXT $NOW")
					}
				}
				m.inHome(block)
				if strings.Contains(block, "sudo install") {
					m.write("/etc/momento-bridge/config.yaml", "0644", w.config())
				}
			}
			if installs != 2 {
				t.Errorf("the page installs %d times by %s, want an installation and an upgrade", installs, tool)
			}
			for _, file := range remain(clean, m.files()) {
				if strings.Contains(file, "/momento-bridge") && !strings.HasPrefix(file, "/root/") {
					t.Errorf("left is %s", file)
				}
			}
		})
	}
}

// The page's drop-in gives the service another secret.
func TestServiceGetsMoreSecretsByADropIn(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs/packages.md"))
	if err != nil {
		t.Fatal(err)
	}
	w, m := newWorld(t), boot(t)
	m.must(kinds[0].of(kinds[0].install, now)...)
	w.configure(m)
	for i, dropIn := range blocksOf(string(text), "ini") {
		m.write("/etc/systemd/system/momento-bridge.service.d/page-"+string(rune('0'+i))+".conf", "0644", dropIn)
	}
	m.write("/etc/momento-bridge/nats-token", "0600", "a-token\n")
	m.write("/etc/momento-bridge/config.yaml", "0644", strings.Replace(w.config(), "nats: {",
		"nats: {token_file: /run/credentials/momento-bridge.service/nats-token, ", 1))
	m.must("systemctl", "daemon-reload")
	m.must("systemctl", "start", "momento-bridge")
	if !w.ask().Ready {
		t.Error("the service is not ready")
	}
	m.must("systemctl", "reload", "momento-bridge") // By the signal.
	m.awaitJournal("the configuration was reloaded")
}

// prepareOperator gives the operator a home with a key, and stand-ins for programs that this Debian lacks.
func prepareOperator(m *machine, tool string) {
	m.t.Helper()
	m.write("/root/key.txt", "0600", key+"\n")
	m.write("/usr/local/bin/sudo", "0755", "#!/bin/sh\nexec \"$@\"\n")
	m.write("/etc/apt/apt.conf.d/99-yes", "0644", "APT::Get::Assume-Yes \"true\";\n"+
		"APT::Install-Recommends \"false\";\n") // There is nobody to get them from.
	m.write("/usr/local/bin/dnf", "0755", `#!/bin/sh
case "$1" in
install | upgrade) shift; exec rpm --nodeps --upgrade "$@" ;;
remove) shift; exec rpm --erase "$@" ;;
*) exit 2 ;;
esac
`)
	names := "EXT=deb BEFORE=momento-bridge_0.0.1_amd64.deb NOW=momento-bridge_0.0.2_amd64.deb\n"
	if tool == "dnf" {
		names = "EXT=rpm BEFORE=momento-bridge-0.0.1.x86_64.rpm NOW=momento-bridge-0.0.2.x86_64.rpm\n"
	}
	m.write("/root/names", "0644", names)
}

// inHome runs a script as the operator, who stops at the first command that fails.
func (m *machine) inHome(script string) {
	m.t.Helper()
	m.t.Log(script + "\n" + m.must("sh", "-e", "-c", "cd /root && . ./names\n"+script))
}

// blocksOf are the fenced blocks of a page in a language.
func blocksOf(page, language string) (all []string) {
	for _, rest := range strings.Split(page, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(rest, "\n```\n")
		all = append(all, block+"\n")
	}
	return all
}
