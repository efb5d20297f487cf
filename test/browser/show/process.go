package show

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Programs are the paths of what is run.
type Programs struct{ Bridge, NATS string }

// Build builds the programs from the repository at root into dir.
func Build(ctx context.Context, root, dir string) (Programs, error) {
	p := Programs{Bridge: filepath.Join(dir, "momento-bridge"), NATS: filepath.Join(dir, "nats-server")}
	for path, pkg := range map[string]string{p.Bridge: "./cmd/momento-bridge", p.NATS: "github.com/nats-io/nats-server/v2"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", path, pkg)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			return p, fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	return p, nil
}

// process is a program that runs until it is stopped. It dies with us.
type process struct {
	cmd    *exec.Cmd
	output bytes.Buffer // To be read once it has ended.
}

func startProcess(program string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(program, args...)}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	return p, nil
}

// stop ends the process, with force if it takes too long, and waits until it has ended. To stop one again does nothing.
func (p *process) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	force := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer force.Stop()
	_ = p.cmd.Wait()
}

// freeAddresses returns loopback addresses that nobody listens on. Their ports are below those that the system gives to whoever asks for any, so that no
// connection takes one before the program does that is to listen there.
func freeAddresses(n int) ([]string, error) {
	var addresses []string
	for range 1000 {
		if len(addresses) == n {
			return addresses, nil
		}
		if ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))); err == nil {
			defer ln.Close()
			addresses = append(addresses, ln.Addr().String())
		}
	}
	return nil, errors.New("no port is free")
}

func listens(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func eventually(ctx context.Context, within time.Duration, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %v: %s: %w", within, what, os.ErrDeadlineExceeded)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
