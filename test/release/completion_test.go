package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// shells are those with completions: the file in archives, and a script that prints, each in a line of its own, what
// the shell offers when somebody has typed $1 and presses Tab. It runs where the file is.
var shells = []struct {
	file   string
	script []string
}{
	{"momento-bridge.bash", []string{"bash", "-c", `
. /usr/share/bash-completion/bash_completion && . ./momento-bridge.bash || exit 1
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=($1) COMP_CWORD=1
__start_momento-bridge && printf 'offered:%s\n' "${COMPREPLY[@]%% *}"`, "bash"}},
	// It completes at a prompt alone, so it gets a terminal, and one key after the other.
	{"_momento-bridge", []string{"zsh", "-f", "-c", `
zmodload zsh/zpty && zpty shell TERM=dumb zsh -f -i || exit 1
zpty -w shell 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D
compadd() { builtin compadd -O found "$@"; print -lr -- offered:$^found; builtin compadd "$@" }; print rea""dy'
zpty -r -m shell line '*ready*'
zpty -w -n shell $1$'\t'
zpty -r -m shell line '*offered:resume*'
print -r -- $line`, "zsh"}},
	{"momento-bridge.fish", []string{"fish", "--no-config", "-c", `
source momento-bridge.fish; and printf 'offered:%s\n' (complete --do-complete $argv[1])`}},
}

func TestCompletionsCompleteInEachShell(t *testing.T) {
	files := archive(t, archiveName("momento-bridge", runtime.GOOS, runtime.GOARCH))
	path := filepath.Dir(unpacked(t, "momento-bridge")) + ":" + os.Getenv("PATH")
	for _, shell := range shells {
		t.Run(shell.script[0], func(t *testing.T) {
			dir := t.TempDir()
			text := files["completions/"+shell.file].data
			if err := os.WriteFile(filepath.Join(dir, shell.file), text, 0o600); err != nil {
				t.Fatal(err)
			}
			command := append([]string{"60", "env", "HOME=" + dir, "PATH=" + path}, shell.script...)
			said := mustOutput(t, dir, "timeout", append(command, "momento-bridge re")...)
			var got []string
			for _, one := range strings.Split(said, "offered:")[1:] {
				got = append(got, strings.Fields(one)[0])
			}
			slices.Sort(got)
			if want := []string{"regions", "reload", "replay", "resume"}; !slices.Equal(slices.Compact(got), want) {
				t.Errorf("re is completed to %q, want %q:\n%s", got, want, said)
			}
		})
	}
}

// Debian's shells look for completions where the .deb puts them.
func TestShellsFindTheCompletionsOfTheDebianPackage(t *testing.T) {
	files := contents(t, packages[0].name)
	for shell, script := range map[string]string{
		"zsh": "print -l $fpath", "fish": "printf '%s\\n' $fish_complete_path",
	} {
		said, err := exec.Command(shell, "-c", script).Output()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(strings.Fields(string(said)), func(dir string) bool {
			for _, shell := range shells {
				if _, found := files[strings.TrimPrefix(dir, "/")+"/"+shell.file]; found {
					return true
				}
			}
			return false
		}) {
			t.Errorf("%s looks for completions in\n%s", shell, said)
		}
	}
}
