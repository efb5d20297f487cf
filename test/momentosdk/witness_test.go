package momentosdk

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// patience is how long what must come may take on a busy machine.
const patience = time.Minute

// event is what a user of an SDK is called with.
type event struct {
	SDK, Port, Topic string
	On               string // Item, discontinuity, heartbeat, error, published, closed or thrown.
	Text             string // Of an item, or an error's.
	Binary           *[]byte
	String           string // What valueString returns of it.
	Sequence         uint64
	Publisher        string
	Last, New        uint64 // Of a discontinuity.
	Page             float64
	Code             string // Of an error.
}

// order is what Node is told to do.
type order struct {
	Do     string  `json:"do"`
	SDK    string  `json:"sdk"` // Of node and web.
	Port   string  `json:"port"`
	Key    string  `json:"key"`
	Cache  string  `json:"cache"`
	Topic  string  `json:"topic"`
	Text   *string `json:"text,omitempty"`
	Binary *[]byte `json:"binary,omitempty"`
}

// node is a process of Node with the SDKs.
type node struct {
	orders io.WriteCloser
	end    func() // Waits until it has ended.

	mu      sync.Mutex // Guards the following.
	events  []event
	came    chan struct{} // Closed at the next event.
	stopped bool
}

// witness is Node, as one test uses it.
type witness struct {
	t    *testing.T
	node *node
	port string // Of the test's gateway.
}

// sdks are the SDKs that subscribe.
var sdks = []string{"node", "web"}

// startNode starts the process that all tests share.
var startNode = sync.OnceValues(func() (*node, error) {
	cmd := exec.Command("node", "witness.mjs", modules)
	cmd.Stderr = os.Stderr
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	n := &node{orders: orders, came: make(chan struct{})}
	read := make(chan struct{})
	go func() {
		defer close(read)
		n.read(said)
	}()
	n.end = func() {
		_ = orders.Close()
		<-read
		_ = cmd.Wait()
	}
	started = n
	return n, nil
})

// started is the process; nil: no test has needed it.
var started *node

// newWitness has the SDKs speak to a gateway. Where they cannot be had the test says so, and is skipped.
func newWitness(t *testing.T, g *gateway) *witness {
	t.Helper()
	if skipped != "" {
		t.Skip("Momento's SDKs for JavaScript are not tried: " + skipped)
	}
	n, err := startNode()
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{t, n, g.port()}
	w.node.forget(w.port)
	t.Cleanup(func() {
		w.tell(order{Do: "close"})
		w.await("", "", 1)
	})
	return w
}

func (n *node) read(said io.Reader) {
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			e = event{On: "thrown", Text: lines.Text()}
		}
		n.hear(e)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stopped = true
	close(n.came)
}

// forget drops what a test before has been told by its gateway, which had the same port.
func (n *node) forget(port string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = slices.DeleteFunc(n.events, func(e event) bool { return e.Port == port })
}

func (n *node) hear(e event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, e)
	close(n.came)
	n.came = make(chan struct{})
}

func (w *witness) tell(o order) {
	w.t.Helper()
	o.Port = w.port
	text, err := json.Marshal(o)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.node.orders.Write(append(text, '\n')); err != nil {
		w.t.Fatal(err)
	}
}

// await waits for so many events of a topic in one SDK, but for heartbeats, and returns them.
func (w *witness) await(sdk, topic string, n int) []event {
	w.t.Helper()
	return w.until(sdk, topic, func(events []event) ([]event, bool) {
		kept := without(events, "heartbeat")
		return kept, len(kept) >= n
	})
}

// subscribed waits until a subscription has begun.
func (w *witness) subscribed(sdk, topic string) {
	w.t.Helper()
	w.until(sdk, topic, func(events []event) ([]event, bool) { return events, len(events) > 0 })
}

func (w *witness) until(sdk, topic string, enough func([]event) ([]event, bool)) []event {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.t.Context()), patience) // Cleanups wait, too.
	defer cancel()
	for {
		events, came, stopped := w.of(sdk, topic)
		for _, e := range events {
			if e.On == "thrown" {
				w.t.Fatalf("Node says %s", e.Text)
			}
		}
		kept, ok := enough(events)
		if ok {
			return kept
		}
		if stopped {
			w.t.Fatalf("Node has ended; %s of %s has %+v", topic, sdk, events)
		}
		select {
		case <-came:
		case <-ctx.Done():
			w.t.Fatalf("%s of %s has only %+v", topic, sdk, events)
		}
	}
}

// of returns the events of a topic in one SDK.
func (w *witness) of(sdk, topic string) (events []event, came <-chan struct{}, stopped bool) {
	w.node.mu.Lock()
	defer w.node.mu.Unlock()
	for _, e := range w.node.events {
		if e.On == "thrown" || e.Port == w.port && e.SDK == sdk && e.Topic == topic {
			events = append(events, e)
		}
	}
	return events, w.node.came, w.node.stopped
}

func without(events []event, on string) []event {
	var kept []event
	for _, e := range events {
		if e.On != on {
			kept = append(kept, e)
		}
	}
	return kept
}

// modules is where the SDKs are installed, once for all tests; skipped says why they are not.
var modules, skipped string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "momentosdk")
	if err != nil {
		skipped = err.Error()
	} else {
		skipped = install(dir)
	}
	modules = dir
	status := m.Run()
	if started != nil {
		started.end()
	}
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// install installs the SDKs as the lock file has them. It returns why that cannot be; empty: they are there.
func install(dir string) string {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "there is no " + program
		}
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return err.Error()
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err.Error()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return "they cannot be had from the registry: " + err.Error() + "\n" + string(text)
	}
	return ""
}
