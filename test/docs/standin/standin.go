package standin

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// program is one that is played.
type program struct {
	cannot   string // What the stand-in does not show.
	flags    string // Taken before and after the command's words; see command.
	commands []command
}

// command is one of a program's.
type command struct {
	words string // Such as "stream add"; empty: the program has no commands.
	// flags are its flags, separated by spaces: those with a value end with =, short ones have one dash, others two,
	// unless they have their dashes.
	flags string
	least int // Arguments that it needs,
	most  int // and takes; -1: any.
	// rest says that all after the last needed argument is a command of its own, as for docker run.
	rest bool
	run  func(*call) error // nil: nothing more is looked at.
}

// call is a call of a command.
type call struct {
	Place
	args  []string
	rest  []string // Behind --, or behind the arguments where the command has rest.
	flags map[string][]string
	words []string // All behind the program's name.
	real  bool     // Set by run: nothing was played.
}

// flag returns the first value that is given by one of the names.
func (c *call) flag(names ...string) string {
	for _, name := range names {
		if values := c.flags[name]; len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

func (c *call) has(name string) bool { _, ok := c.flags[name]; return ok }

// statusError ends a stand-in with an exit status, when all has been said.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Main runs the program of a name, if it is one that is played or led, and reports so.
func Main(name string, args []string) (status int, played bool) {
	switch name {
	case bridgeName:
		return finish(name, bridge(args))
	case superviseName:
		return finish(name, supervise(args))
	case subscribeName:
		return finish(name, subscribe(args))
	}
	if _, ok := programs()[name]; !ok {
		return 0, false
	}
	return finish(name, play(name, args))
}

func finish(name string, err error) (int, bool) {
	if err == nil {
		return 0, true
	}
	if status, ok := errors.AsType[statusError](err); ok {
		return int(status), true
	}
	fmt.Fprintf(os.Stderr, "%s (played by test/docs): %v\n", name, err)
	return 1, true
}

// Names returns the programs that are played.
func Names() []string {
	names := []string{bridgeName, superviseName, subscribeName}
	for name := range programs() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Cannot says what the stand-in for a program does not show.
func Cannot(name string) string { return programs()[name].cannot }

// unplayed are programs that stand in blocks that are not run, alone. Nobody looks at their flags.
var unplayed = []string{"minisign", "cosign", "man", "gpg"}

// Check reports what is wrong with a command line that is not run: the program, its command, its flags.
func Check(words []string) error {
	name := filepath.Base(words[0])
	p, ok := programs()[name]
	if !ok && slices.Contains(unplayed, name) {
		return nil
	}
	if !ok {
		return fmt.Errorf("the program %s is not known", name)
	}
	_, _, err := p.parse(words[1:])
	return err
}

// CheckNamed is Check for a command in a sentence, which may leave out its arguments.
func CheckNamed(words []string) error {
	p := programs()[words[0]]
	c := &call{flags: map[string][]string{}}
	cmd, rest, err := p.find(c, words[1:])
	if err != nil && p.begins(strings.Join(words[1:], " ")) {
		return nil // Such as docker compose.
	}
	if err != nil {
		return err
	}
	known := flagTable(p.flags + " " + cmd.flags + " --help -h")
	for len(rest) > 0 {
		if word := rest[0]; word == "--" || cmd.rest && !strings.HasPrefix(word, "-") {
			return nil
		} else if !strings.HasPrefix(word, "-") || word == "-" {
			rest = rest[1:]
			continue
		}
		if rest, err = c.takeFlag(known, append(rest, "...")); err != nil { // Its value may be left out.
			return err
		}
	}
	return nil
}

func play(name string, args []string) error {
	p := programs()[name]
	c, cmd, err := p.parse(args)
	if err != nil {
		return err
	}
	if c.Place, err = readPlace(); err != nil {
		return err
	}
	if cmd.run != nil {
		err = cmd.run(c)
	}
	if c.real {
		return err
	}
	if wrong := c.note(name); err == nil {
		err = wrong
	}
	return err
}

// parse finds the command and reads its flags and arguments.
func (p *program) parse(args []string) (*call, *command, error) {
	c := &call{flags: map[string][]string{}, words: args}
	cmd, rest, err := p.find(c, args)
	if err != nil {
		return nil, nil, err
	}
	known := flagTable(p.flags + " " + cmd.flags + " --help -h")
	for len(rest) > 0 {
		word := rest[0]
		switch {
		case word == "--":
			c.rest, rest = rest[1:], nil
		case cmd.rest && len(c.args) == cmd.least:
			c.rest, rest = rest, nil
		case strings.HasPrefix(word, "-") && word != "-":
			if rest, err = c.takeFlag(known, rest); err != nil {
				return nil, nil, err
			}
		default:
			c.args, rest = append(c.args, word), rest[1:]
		}
	}
	if !c.has("--help") && (len(c.args) < cmd.least || cmd.most >= 0 && len(c.args) > cmd.most) {
		return nil, nil, fmt.Errorf("%s %q: takes %d to %d arguments", cmd.words, c.args, cmd.least, cmd.most)
	}
	return c, cmd, nil
}

// find reads the command's words, and the flags between them.
func (p *program) find(c *call, args []string) (best *command, after []string, err error) {
	known := flagTable(p.flags + " --help -h --version")
	words, rest := "", args
	if best = p.command(""); best != nil {
		after = args
	}
	passed := &call{flags: map[string][]string{}} // Since the last word.
	for len(rest) > 0 {
		if strings.HasPrefix(rest[0], "-") {
			if rest, err = passed.takeFlag(known, rest); err != nil {
				break
			}
			continue
		}
		longer := strings.TrimSpace(words + " " + rest[0])
		if !slices.ContainsFunc(p.commands, func(cmd command) bool {
			return cmd.words == longer || strings.HasPrefix(cmd.words, longer+" ")
		}) {
			break
		}
		words, rest = longer, rest[1:]
		if exact := p.command(words); exact != nil {
			best, after = exact, rest
			maps.Copy(c.flags, passed.flags)
		}
	}
	if best != nil {
		return best, after, nil
	}
	if len(rest) == 0 && err == nil && len(passed.flags) > 0 {
		return &command{most: -1}, nil, nil // --help, --version
	}
	return nil, nil, errors.Join(fmt.Errorf("there is no such command: %q", args), err)
}

// begins reports whether a command begins with the words.
func (p *program) begins(words string) bool {
	return slices.ContainsFunc(p.commands, func(cmd command) bool { return strings.HasPrefix(cmd.words, words+" ") })
}

func (p *program) command(words string) *command {
	for i := range p.commands {
		if p.commands[i].words == words {
			return &p.commands[i]
		}
	}
	return nil
}
