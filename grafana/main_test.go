package grafana

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// programs is where the programs under test are.
var programs string

// together is how many conditions are caused at the same time: most of them wait.
const together = "32"

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", together)
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "grafana")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	for program, pkg := range map[string]string{"momento-bridge": "momento-bridge/cmd/momento-bridge", "nats-server": "github.com/nats-io/nats-server/v2"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, program), pkg)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n", pkg, err)
			return 1
		}
	}
	return m.Run()
}

// need skips the test where Debian's package prometheus, which has both programs, is not installed.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: apt-get install --no-install-recommends prometheus", program)
	}
	return path
}

// start runs a program until the test ends; it dies with the test process. What it writes to standard error is shown when the test fails.
func start(t *testing.T, path string, args ...string) *exec.Cmd {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(path, args...)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end(cmd, syscall.SIGKILL)
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s %v wrote:\n%s", filepath.Base(path), args, text[max(0, len(text)-4000):])
		}
	})
	return cmd
}

// end ends a process that start has started, and waits for it. It may be called again.
func end(cmd *exec.Cmd, s syscall.Signal) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Signal(s)
		_ = cmd.Wait()
	}
}

func program(name string) string { return filepath.Join(programs, name) }

var (
	ports     sync.Mutex // Guards portsUsed.
	portsUsed = map[int]bool{}
)

// freeAddress returns a loopback address that nobody listens on. Its port is below those that the system gives to whoever asks for any, so that no
// connection takes it before the program does that is to listen there.
func freeAddress(t *testing.T) string {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range 1000 {
		port := 10_000 + rand.IntN(20_000)
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil || portsUsed[port] {
			continue
		}
		portsUsed[port] = true
		ln.Close()
		return ln.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
