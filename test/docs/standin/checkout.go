package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func gitProgram() program {
	return program{
		cannot: "repositories", flags: "C=",
		commands: []command{
			{words: "clone", flags: "q quiet depth= branch= b=", least: 1, most: 2, run: func(c *call) error {
				dir := c.args[len(c.args)-1]
				if len(c.args) == 1 {
					dir = strings.TrimSuffix(filepath.Base(dir), ".git")
				}
				return os.Symlink(c.Checkout, dir)
			}},
			{words: "tag", flags: "a= s= m= l", most: 2},
			{words: "push", flags: "tags", most: 2},
			{words: "checkout", flags: "q quiet b=", least: 1, most: 2},
			{words: "describe", flags: "tags always dirty"},
			{words: "status"},
			{words: "log", flags: "oneline n= 1", most: 2},
			{words: "diff", flags: "exit-code stat", most: -1},
			{words: "add", most: -1},
			{words: "commit", flags: "m= a s"},
			{words: "pull"},
			{words: "fetch", flags: "tags", most: 2},
			{words: "rev-parse", flags: "short", least: 1, most: 1},
			{words: "grep", flags: "l n", least: 1, most: -1},
		},
	}
}

// makeProgram looks whether there is such a target.
func makeProgram() program {
	return program{
		cannot: "what targets do: .ci/run runs most of it",
		commands: []command{{flags: "C= j= n B", most: -1, run: func(c *call) error {
			text, err := os.ReadFile(filepath.Join(c.Repository, "Makefile"))
			if err != nil {
				return fmt.Errorf("make: %w", err)
			}
			for _, target := range c.args {
				if strings.Contains(target, "=") {
					continue
				}
				if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:`).Match(text) {
					return fmt.Errorf("there is no target %s", target)
				}
			}
			return nil
		}}},
	}
}

// goProgram runs the program itself, which is built already, and looks whether other packages are there.
func goProgram() program {
	flags := "-C= -o= -v -race -count= -timeout= -run= -bench= -tags= -ldflags= -trimpath -buildvcs= -p= -short " +
		"-shuffle= -mod= " +
		"-modfile= -overlay= -cpuprofile= -parallel= -benchtime= -update -seeds= -seed= -on -form= -c"
	packages := func(c *call) error {
		for _, arg := range c.args {
			if err := c.isPackage(arg); err != nil {
				return err
			}
		}
		return nil
	}
	return program{
		cannot: "tests, and programs of other modules: .ci/run builds and tests all",
		flags:  "-C=",
		commands: []command{
			{words: "build", flags: flags, most: -1, run: goBuild},
			{words: "install", flags: flags, least: 1, most: -1, run: packages},
			{words: "test", flags: flags, most: -1, run: packages},
			{words: "vet", flags: flags, most: -1, run: packages},
			{words: "generate", flags: flags, least: 1, most: -1, run: packages},
			{words: "run", flags: flags, least: 1, most: 1, rest: true, run: goRun},
			{words: "get", flags: "u", least: 1, most: -1},
			{words: "version", flags: "-m", most: 1},
			{words: "env", most: -1},
			{words: "mod edit", flags: "-module= -replace= -require=", most: 1},
			{words: "mod tidy", flags: "-diff"},
			{words: "mod download", most: -1},
			{words: "work init", most: -1},
			{words: "tool", flags: "-modfile=", least: 1, most: 1, rest: true},
		},
	}
}

func (c *call) isPackage(name string) error {
	if !strings.HasPrefix(name, ".") {
		return nil
	}
	dir := filepath.Join(c.Repository, c.flag("-C"), strings.TrimSuffix(strings.TrimSuffix(name, "..."), "/"))
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no package %s", name)
	}
	return nil
}

// goBuild gives the program where it would be built.
func goBuild(c *call) error {
	for _, arg := range c.args {
		if err := c.isPackage(arg); err != nil {
			return err
		}
		output := c.flag("-o")
		if !strings.HasSuffix(arg, "/cmd/momento-bridge") {
			continue
		}
		if output == "" {
			output = bridgeName
		}
		if info, err := os.Stat(output); err == nil && info.IsDir() || strings.HasSuffix(output, "/") {
			output = filepath.Join(output, bridgeName)
		}
		_ = os.MkdirAll(filepath.Dir(output), 0o700)
		_ = os.Remove(output)
		if err := os.Symlink(filepath.Join(c.Bin, bridgeName), output); err != nil {
			return fmt.Errorf("build: %w", err)
		}
		c.real = len(c.flags) == 1 // With -o alone: the test has built the same, by the real go.
	}
	return nil
}

// goRun runs this program, which the test has built, those of the examples, and in the long form the chart's packer.
func goRun(c *call) error {
	switch name := c.args[0]; {
	case strings.HasSuffix(name, "/cmd/momento-bridge") && !c.has("-tags"):
		c.real = len(c.flags) == 0
		return bridge(c.rest)
	case strings.Contains(name, "@"):
		return nil
	case strings.HasPrefix(name, "./examples/") && c.Tools["go"] != "":
		c.real = true
		file := filepath.Join(c.Dir, filepath.Base(name))
		if err := c.goTool("build", "-o", file, name); err != nil {
			return err
		}
		listen := fmt.Sprintf("127.0.0.1:%d", c.Port(8090)) // In place of its default.
		return c.start(running{Kind: name}, append([]string{file, "--listen", listen}, c.rest...))
	case name == "./pack" && c.Long && c.Tools["go"] != "":
		c.real = true
		return c.goTool(c.words...)
	default:
		return c.isPackage(name)
	}
}

// goTool runs go itself, at the top of the repository.
func (c *call) goTool(args ...string) error {
	cmd := exec.Command(c.Tools["go"], args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Repository, c.Machine, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

func npmProgram() program {
	return program{
		cannot: "packages of the registry: test/js and test/momentosdk install them",
		commands: []command{
			{words: "install", flags: "save-dev D g", most: -1, run: local},
			{words: "i", most: -1, run: local},
			{words: "ci", flags: "ignore-scripts"},
			{words: "run", least: 1, most: -1},
			{words: "test"},
		},
	}
}

func local(c *call) error {
	for _, arg := range c.args {
		if !strings.HasPrefix(arg, ".") {
			continue
		}
		dir := strings.TrimPrefix(arg, "./momento-bridge/") // Where the checkout is beside.
		if _, err := os.Stat(filepath.Join(c.Repository, dir, "package.json")); err != nil {
			return fmt.Errorf("there is no package %s: %w", arg, err)
		}
	}
	return nil
}

func mkdocsProgram() program {
	site := func(c *call) error {
		if _, err := os.Stat(filepath.Join(c.Repository, "mkdocs.yml")); err != nil {
			return fmt.Errorf("mkdocs: %w", err)
		}
		return nil
	}
	return program{
		cannot: "the site", commands: []command{
			{words: "serve", flags: "a=", run: site}, {words: "build", flags: "strict d= s q", run: site},
		},
	}
}

// validJSON prints JSON as it is, or says what is wrong.
func validJSON(text string) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("no JSON: %w", err)
		}
		out, _ := json.MarshalIndent(value, "", "  ")
		fmt.Printf("%s\n", out)
	}
}
