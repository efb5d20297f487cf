package standin

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// sudoProgram runs what it is given, in the session: absolute paths are the session's own.
func sudoProgram() program {
	return program{
		cannot: "rights: all is done by the user of the test",
		commands: []command{{flags: "u= E H i", rest: true, most: -1, run: func(c *call) error {
			return c.command(c.rest)
		}}},
	}
}

// command runs a command of the session.
func (p *Place) command(words []string) error {
	if len(words) == 0 {
		return errors.New("there is no command")
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return statusError(exit.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", words[0], err)
	}
	return nil
}

// unit is what systemd knows the service by.
const unit = "momento-bridge"

func systemctlProgram() program {
	var commands []command
	for _, verb := range []string{
		"start", "stop", "restart", "reload", "reload-or-restart", "try-restart", "enable", "disable", "status", "cat",
		"show", "edit", "mask", "unmask", "is-active", "is-enabled", "kill",
	} {
		commands = append(commands, command{
			words: verb,
			flags: "now no-pager quiet property= p= value full stdin drop-in= s= signal=", least: 1, most: -1,
			run: func(c *call) error { return ours(c.args...) },
		})
	}
	commands = append(commands, command{words: "daemon-reload"},
		command{words: "list-units", flags: "failed all", most: 1})
	return program{
		cannot:   "that systemd does it: test/packages installs the unit and runs the daemon from it",
		commands: commands,
	}
}

// ours refuses units that are not the program's.
func ours(names ...string) error {
	for _, name := range names {
		name, _, _ = strings.Cut(strings.TrimSuffix(name, ".service"), "@")
		if name != unit {
			return fmt.Errorf("there is no unit %s", name)
		}
	}
	return nil
}

func systemdAnalyzeProgram() program {
	exists := func(c *call) error {
		for _, arg := range c.args {
			if !strings.Contains(arg, "/") {
				if err := ours(arg); err != nil {
					return err
				}
				continue
			}
			if _, err := os.Stat(arg); err != nil {
				return fmt.Errorf("verify: %w", err)
			}
		}
		return nil
	}
	return program{
		cannot: "what it finds: .ci/run runs the real one",
		commands: []command{
			{words: "verify", least: 1, most: 3, run: exists},
			{words: "security", flags: "offline= no-pager", least: 1, most: 3, run: exists},
		},
	}
}

func journalctlProgram() program {
	return program{
		cannot: "the log",
		commands: []command{{
			flags: "u= unit= f follow n= lines= e since= until= o= output= no-pager b p= g= grep= r reverse",
			run: func(c *call) error {
				if name := c.flag("-u", "--unit"); name != "" {
					return ours(name)
				}
				return nil
			},
		}},
	}
}

// packageFiles refuses a file of a package that is not named as ours are. It need not exist: a release makes it.
func packageFiles(names []string, ending string) error {
	for _, name := range names {
		if !strings.Contains(name, "/") && !strings.HasSuffix(name, ending) {
			continue // A name of the distribution's.
		}
		if base := filepath.Base(name); !strings.HasPrefix(base, unit) || !strings.HasSuffix(base, ending) {
			return fmt.Errorf("%s is no package of ours", name)
		}
	}
	return nil
}

func aptProgram() program {
	deb := func(c *call) error { return packageFiles(c.args, ".deb") }
	return program{
		cannot: "packages: test/packages installs, upgrades and removes real ones",
		flags:  "y yes q qq no-install-recommends",
		commands: []command{
			{words: "install", flags: "only-upgrade reinstall allow-downgrades o=", least: 1, most: -1, run: deb},
			{words: "update"},
			{words: "upgrade"},
			{words: "remove", least: 1, most: 1, run: func(c *call) error { return ours(c.args[0]) }},
			{words: "purge", least: 1, most: 1, run: func(c *call) error { return ours(c.args[0]) }},
		},
	}
}

func dpkgProgram() program {
	return program{
		cannot: "packages, as for apt-get",
		commands: []command{{
			flags: "i install r remove P purge l list L listfiles s status c contents " +
				"I info V verify force-confold force-confnew",
			least: 1, most: -1,
			run: func(c *call) error {
				if c.has("-i") || c.has("--install") || c.has("-c") || c.has("-I") {
					return packageFiles(c.args, ".deb")
				}
				return ours(c.args[0])
			},
		}},
	}
}

func rpmProgram() program {
	return program{
		cannot: "packages, as for apt-get",
		commands: []command{{
			flags: "i install U upgrade e erase q query l list p package c configfiles " +
				"V verify h hash v scripts K checksig i",
			least: 1, most: -1, run: func(c *call) error { return packageFiles(c.args, ".rpm") },
		}},
	}
}

func dnfProgram() program {
	rpm := func(c *call) error { return packageFiles(c.args, ".rpm") }
	return program{
		cannot: "packages, as for apt-get", flags: "y q",
		commands: []command{
			{words: "install", least: 1, most: -1, run: rpm},
			{words: "upgrade", most: -1, run: rpm},
			{words: "downgrade", most: -1, run: rpm},
			{words: "remove", least: 1, most: 1, run: func(c *call) error { return ours(c.args[0]) }},
		},
	}
}

func opensslProgram() program {
	return program{
		cannot: "certificates; random numbers are",
		commands: []command{{words: "rand", flags: "-hex -base64", least: 1, most: 1, run: func(*call) error {
			fmt.Println(strings.Repeat("0123456789abcdef", 4))
			return nil
		}}},
	}
}

// bashProgram runs scripts of the repository alone by name: it looks whether they are there.
func bashProgram() program {
	return program{
		cannot: "what scripts do: .ci/run runs them",
		commands: []command{{least: 1, most: -1, flags: "e u x -c=", run: func(c *call) error {
			if _, err := os.Stat(c.args[0]); err == nil {
				return nil
			}
			if _, err := os.Stat(filepath.Join(c.Repository, c.args[0])); err != nil {
				return fmt.Errorf("there is no such script: %w", err)
			}
			return nil
		}}},
	}
}

// jqProgram reads JSON, and leaves its filter aside.
func jqProgram() program {
	return program{
		cannot: "filters, unless the machine has the real one: what it reads is JSON",
		commands: []command{{
			flags: "r raw-output c compact-output e exit-status s slurp n null-input S arg=",
			least: 1, most: 2, run: func(c *call) error {
				if slices.Contains(c.args, "") {
					return errors.New("an empty filter")
				}
				file := "-"
				if len(c.args) > 1 {
					file = c.args[1]
				}
				text, err := read(file)
				if err != nil {
					return err
				}
				return validJSON(text)
			},
		}},
	}
}
