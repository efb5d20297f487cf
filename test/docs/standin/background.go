package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// superviseName waits for a program that goes on, as nobody else is there to learn how it ends.
const superviseName = "docs-supervise"

// running is a program that goes on while the next commands run.
type running struct {
	Kind   string   // One of a kind runs at a time: who starts it again has ended it.
	Ready  string   // An address that answers 200 once it works.
	Output string   // Or what it has printed then; empty: anything.
	Args   []string // What is run.
}

// startWithin is how long it may take until it works.
const startWithin = time.Minute

// background starts the program and waits until it works. What it has printed until then is printed.
func (p *Place) background(r running, args []string) error {
	return p.start(r, append([]string{p.Bridge}, args...))
}

func (p *Place) start(r running, words []string) error {
	r.Args = words
	dir := filepath.Join(p.Dir, "running", strings.NewReplacer("/", "_", " ", "_", ":", "_", ",", "_").Replace(r.Kind))
	if err := Stop(dir); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("start %s: %w", r.Kind, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("start %s: %w", r.Kind, err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("start %s: %w", r.Kind, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "what"), text, 0o600); err != nil {
		return fmt.Errorf("start %s: %w", r.Kind, err)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("start %s: %w", r.Kind, err)
	}
	cmd := exec.Command(self, dir)
	cmd.Args[0] = superviseName
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", r.Kind, err)
	}
	return r.await(dir)
}

// await waits until the program works.
func (r running) await(dir string) error {
	for began := time.Now(); time.Since(began) < startWithin; time.Sleep(20 * time.Millisecond) {
		printed, _ := os.ReadFile(filepath.Join(dir, "output"))
		if status, over := ended(dir); over {
			printed, _ = os.ReadFile(filepath.Join(dir, "output"))
			fmt.Printf("%s", printed)
			if status == 0 {
				return nil
			}
			return statusError(status)
		}
		if r.works(string(printed)) {
			fmt.Printf("%s", printed)
			return nil
		}
	}
	printed, _ := os.ReadFile(filepath.Join(dir, "output"))
	return fmt.Errorf("%s does not work after %v: %s", r.Kind, startWithin, printed)
}

func (r running) works(printed string) bool {
	if r.Ready == "" {
		return printed != "" && strings.Contains(printed, r.Output)
	}
	resp, err := http.Get(r.Ready) //nolint:noctx // It is on this machine, and answers at once.
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// ended returns the exit status of a program that is over.
func ended(dir string) (status int, over bool) {
	text, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return 0, false
	}
	_, err = fmt.Sscan(string(text), &status)
	return status, err == nil
}

// supervise runs a program until it ends, and notes its output and status.
func supervise(args []string) error {
	dir := args[0]
	text, err := os.ReadFile(filepath.Join(dir, "what"))
	if err != nil {
		return fmt.Errorf("supervise: %w", err)
	}
	var r running
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("supervise: %w", err)
	}
	output, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		return fmt.Errorf("supervise: %w", err)
	}
	defer output.Close()
	cmd := exec.Command(r.Args[0], r.Args[1:]...)
	cmd.Stdout, cmd.Stderr = output, output
	status := 0
	if err := cmd.Start(); err != nil {
		_, _ = fmt.Fprintln(output, err)
		status = 127
	} else {
		_ = note(filepath.Join(dir, "pid"), cmd.Process.Pid)
		err = cmd.Wait()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			status = exit.ExitCode()
			if how, ok := exit.Sys().(syscall.WaitStatus); ok && how.Signaled() {
				status = 128 + int(how.Signal()) // As a shell says it.
			}
		}
	}
	return note(filepath.Join(dir, "status"), status)
}

// note writes a number into a file, whole or not at all.
func note(file string, n int) error {
	if err := os.WriteFile(file+".new", fmt.Append(nil, n), 0o600); err != nil {
		return fmt.Errorf("note: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("note: %w", err)
	}
	return nil
}

// Stop ends what runs in a directory as Ctrl-C does. It is an error if it has not ended well.
func Stop(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // Nothing has been started.
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w", dir, err)
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		return fmt.Errorf("stop %s: %w", dir, err)
	}
	if _, over := ended(dir); !over {
		_ = syscall.Kill(pid, syscall.SIGINT)
	}
	for began := time.Now(); time.Since(began) < startWithin; time.Sleep(10 * time.Millisecond) {
		status, over := ended(dir)
		if over && (status == 0 || status == 130) {
			return nil
		}
		if over {
			printed, _ := os.ReadFile(filepath.Join(dir, "output"))
			return fmt.Errorf("%s ended with status %d after Ctrl-C:\n%s", filepath.Base(dir), status, printed)
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	return fmt.Errorf("%s did not end after Ctrl-C", filepath.Base(dir))
}
