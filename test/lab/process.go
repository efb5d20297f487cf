package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a program that runs. It dies with us. Its methods may be called again after it has ended.
type Process struct {
	cmd    *exec.Cmd
	output string // A file.
	ended  chan struct{}
	err    error // Of its end.
}

// Start starts a program that Stop will stop.
func (l *Lab) Start(program string, args ...string) (*Process, error) {
	return l.StartCommand(exec.Command(program, args...))
}

// StartCommand starts a command that Stop will end. What it writes is in Process.Output, unless the command sends it
// elsewhere.
func (l *Lab) StartCommand(cmd *exec.Cmd) (*Process, error) {
	name := filepath.Base(cmd.Path)
	output, err := os.CreateTemp(l.Dir, name+"-*.log")
	if err != nil {
		return nil, fmt.Errorf("make a log: %w", err)
	}
	defer output.Close()
	if cmd.Stdout == nil {
		cmd.Stdout = output
	}
	if cmd.Stderr == nil {
		cmd.Stderr = output
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &Process{cmd: cmd, output: output.Name(), ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.processes = append(l.processes, p)
	return p, nil
}

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends a signal.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Kill ends the process at once, and waits until it has ended.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.ended
}

// unwilling is how long a process may take to end.
const unwilling = time.Minute

// Stop sends SIGTERM and waits. A clean exit is no error. A process that does not end within a minute is killed.
func (p *Process) Stop() error {
	p.Signal(syscall.SIGTERM)
	if _, err := p.Wait(unwilling); err != nil {
		p.Kill()
		return err
	}
	return p.err
}

// Wait waits until the process has ended by itself, and returns its exit status; -1: a signal has ended it.
func (p *Process) Wait(within time.Duration) (int, error) {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(within):
		return -1, fmt.Errorf("%s has not ended within %v", filepath.Base(p.cmd.Path), within)
	}
}

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Output is what the process has written so far, unless its command had its own.
func (p *Process) Output() string {
	text, _ := os.ReadFile(p.output)
	return string(text)
}

// Brief leaves out the middle of a text that is long.
func Brief(text string) string {
	const most = 20_000
	if len(text) <= most {
		return text
	}
	return text[:most/2] + "\n...\n" + text[len(text)-most/2:]
}

// CPU returns the CPU time that the process has used so far, also after it has ended. While it runs, Linux counts it in
// hundredths of a second.
func (p *Process) CPU() time.Duration {
	if p.Ended() {
		return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	}
	used, _ := Usage(p.PID())
	return used
}

// Usage returns the CPU time that the process has used so far, as CPU does. It is an error if the process has ended.
func (p *Process) Usage() (time.Duration, error) {
	if p.Ended() {
		return 0, errors.New("the process has ended")
	}
	return Usage(p.PID())
}

// PeakMemory is the most that was resident, in bytes; 0 if it cannot be read.
func (p *Process) PeakMemory() int { return memory(p.PID(), "VmHWM:") }

// Memory is what is resident, in bytes; 0 if it cannot be read.
func (p *Process) Memory() int { return memory(p.PID(), "VmRSS:") }
