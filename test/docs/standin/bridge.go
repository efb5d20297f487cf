package standin

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"momento-bridge/config"
)

// bridgeName is the program itself: the real one is run, with the session's addresses in place of its defaults.
const bridgeName = "momento-bridge"

// bridge runs the program. What goes on until Ctrl-C is left to a supervisor once it works.
func bridge(args []string) error {
	p, err := readPlace()
	if err != nil {
		return err
	}
	if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
		return p.exec(args)
	}
	first := ""
	if len(args) > 0 {
		first = args[0]
	}
	switch first {
	case "run":
		admin := p.adminOf(args)
		if admin == "" {
			admin = p.admin()
			args = append(args, "--admin-listen", admin)
		}
		return p.background(running{Kind: "run " + admin, Ready: "http://" + admin + "/readyz"}, args)
	case "emulator":
		listen := valueOf(args, "--listen")
		if listen == "" {
			listen = fmt.Sprintf("127.0.0.1:%d", p.Port(8080))
			args = append(args, "--listen", listen)
		}
		return p.background(running{Kind: "emulator " + listen, Ready: "http://" + listen + "/_emulator/stats"}, args)
	case "demo":
		return p.demo(args)
	case "status":
		if slices.ContainsFunc(args, func(a string) bool { return a == "--watch" || a == "-w" }) {
			return p.background(running{Kind: "status"}, p.withAdmin(args))
		}
		return p.exec(p.withAdmin(args))
	case "pause", "resume", "reload":
		return p.exec(p.withAdmin(args))
	case "loadtest":
		return p.loadtest(args)
	}
	return p.exec(args)
}

// exec runs the program to its end.
func (p *Place) exec(args []string) error {
	cmd := exec.Command(p.Bridge, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return statusError(exit.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("run the program: %w", err)
	}
	return nil
}

// demo runs for a second at most if it ends by itself.
func (p *Place) demo(args []string) error {
	if valueOf(args, "--duration") == "" {
		return p.background(running{Kind: "demo", Output: "Ctrl-C ends the demo"}, args)
	}
	return p.exec(append(args, "--duration", "1s"))
}

// loadtest has its flags read, which is all that the short form has time for. The long form runs it, for seconds.
func (p *Place) loadtest(args []string) error {
	if !p.Long || len(args) < 2 {
		cmd := exec.Command(p.Bridge, append(args, "--help")...) // Behind the flags: what is wrong with them is told.
		said, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, said)
		}
		return nil
	}
	switch args[1] {
	case "rate":
		args = append(args, "--duration", "1s", "--yes")
		if valueOf(args, "--via") != "" {
			args = append(args, "--settle", "5s")
		}
	case "soak":
		args = append(args, "--duration", "3s", "--every", "1s", "--settle", "5s", "--yes")
		if at := slices.Index(args, "--from"); at >= 0 && at+1 < len(args) {
			if _, err := os.Stat(args[at+1]); err != nil {
				return fmt.Errorf("the report of a search: %w", err)
			}
			args = slices.Replace(args, at, at+2, "--quota", "100") // A search of seconds has proved no limit.
		}
	case "find":
		args = append(args, "--max-duration", "3s", "--yes")
		if valueOf(args, "--resume") == "" {
			args = append(args, "--max-rate", "200")
		}
		if valueOf(args, "--goal") == "" && valueOf(args, "--resume") == "" {
			args = append(args, "--effort", "quick") // Several goals want a proof.
		}
	}
	err := p.exec(args)
	unproved := args[1] == "find" || args[1] == "compare"
	if status, ok := errors.AsType[statusError](err); ok && unproved && (status == 3 || status == 4) {
		return nil // In so short a time no limit is proved, and none that is expected.
	}
	return err
}

func (p *Place) admin() string { return "127.0.0.1:" + strconv.Itoa(p.Port(9464)) }

// adminOf returns where a daemon would listen that is started so; empty: where it does by itself.
func (p *Place) adminOf(args []string) string {
	if listen := valueOf(args, "--admin-listen"); listen != "" {
		return listen
	}
	file := cmpOr(valueOf(args, "-c"), valueOf(args, "--config"))
	text, err := os.ReadFile(file)
	if file == "" || err != nil {
		return ""
	}
	if f := config.Read(file, text); f.Has("admin.listen") {
		return f.Admin.Listen
	}
	return ""
}

// withAdmin says where the daemon listens, unless the arguments do.
func (p *Place) withAdmin(args []string) []string {
	for _, flag := range []string{"--admin", "--group", "--schema", "--nats-url"} {
		if slices.Contains(args, flag) || valueOf(args, flag) != "" {
			return args
		}
	}
	if p.adminOf(args) != "" {
		return args
	}
	return append(args, "--admin", p.admin())
}

// valueOf returns the value of a flag among arguments.
func valueOf(args []string, flag string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, flag+"="); ok {
			return value
		}
		if arg == flag && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
