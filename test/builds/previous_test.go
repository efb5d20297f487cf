package builds

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// previous builds the program of the revision that $PREVIOUS names, such as the tag of the last release. Without it the
// test is skipped: a tarball has no history.
func previous(t *testing.T) string {
	t.Helper()
	revision := os.Getenv("PREVIOUS")
	if revision == "" {
		t.Skip("set PREVIOUS to a revision, such as the tag of the last release")
	}
	dir, program := t.TempDir(), filepath.Join(t.TempDir(), "momento-bridge")
	unpack := exec.CommandContext(t.Context(), "sh", "-c", `git -C ../.. archive "$0" | tar -x -C "$1"`, revision, dir)
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tree{t, dir}.run("go", "build", "-ldflags", "-s -w -X main.version=previous", "-o", program, "./cmd/momento-bridge")
	return program
}

// record is an endpoint that takes everything, and what it has got.
type record struct {
	mu     sync.Mutex
	topics map[string][]int
}

func (r *record) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	n, _ := strconv.Atoi(string(body))
	r.mu.Lock()
	r.topics[req.URL.Path] = append(r.topics[req.URL.Path], n)
	r.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (r *record) count() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, of := range r.topics {
		n += len(of)
	}
	return n
}

const topics = 20

// expect expects each topic to have had its numbers, each once and in order.
func (r *record) expect(t *testing.T, sent int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for topic, numbers := range r.topics {
		for i, n := range numbers {
			if n != i {
				t.Errorf("%s: number %d came as the %dth of %d", topic, n, i, len(numbers))
				break
			}
		}
	}
	if len(r.topics) != topics {
		t.Errorf("%d topics of %d got something of %d messages", len(r.topics), topics, sent)
	}
}

// An update takes one replica after the other, and so does the way back.
func TestRollingUpdateFromThePreviousReleaseAndBackLosesAndDoublesNothing(t *testing.T) {
	old := previous(t)
	l, err := lab.New(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Stop)
	if l.NATS, err = l.StartNATS(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, js, err := lab.Connect(l.NATS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	stream := jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}}
	if _, err := js.CreateStream(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	got := &record{topics: map[string][]int{}}
	endpoint := httptest.NewServer(got)
	t.Cleanup(endpoint.Close)
	config := fmt.Sprintf("nats: {url: %q}\nmomento: {endpoint: %q}\nlimits: {rate: 2000}\n"+
		"coordination: {create: true, lease: 3s}\n"+
		"routes: [{name: s, stream: S, subject: s.>, cache: c}]\n", l.NATS.URL, endpoint.URL)
	current := l.Bridge
	start := func(program string) *lab.Daemon {
		t.Helper()
		l.Bridge = program
		d, err := l.StartConfigured(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	sent, done := 0, make(chan struct{})
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		for ; ; sent++ {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
			subject := fmt.Sprintf("s.%d", sent%topics)
			if _, err := js.Publish(t.Context(), subject, fmt.Append(nil, sent/topics)); err != nil {
				t.Errorf("message %d: %v", sent, err)
				return
			}
		}
	})
	running := []*lab.Daemon{start(old), start(old)}
	for _, program := range []string{current, current, old, old, current} {
		running = append(running, start(program))
		time.Sleep(2 * time.Second) // As minReadySeconds does: leases move one a second.
		if err := running[0].Stop(); err != nil {
			t.Errorf("it did not stop in peace: %v\n%s", err, lab.Brief(running[0].Output()))
		}
		running = running[1:]
	}
	close(done)
	sending.Wait()
	lab.Eventually(t, time.Minute, "all is published", func() bool { return got.count() >= sent })
	for _, d := range running {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	}
	if n := got.count(); n != sent {
		t.Errorf("%d were published of %d", n, sent)
	}
	got.expect(t, sent)
	t.Logf("%d messages", sent)
}

// What one has kept the other one reads, in both directions.
func TestPausesAreKeptAcrossReleases(t *testing.T) {
	old := previous(t)
	l, err := lab.NewWithNATS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Stop)
	endpoint := httptest.NewServer(&record{topics: map[string][]int{}})
	t.Cleanup(endpoint.Close)
	config := fmt.Sprintf("nats: {url: %q}\nmomento: {endpoint: %q}\nstate_dir: %q\n"+
		"routes: [{name: a, subject: a.>, cache: c}, {name: b, subject: b.>, cache: c}]\n", l.NATS.URL, endpoint.URL,
		t.TempDir())
	current := l.Bridge
	for i, program := range []string{old, current, old, current} {
		l.Bridge = program
		d, err := l.StartConfigured(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := d.Post(t.Context(), "/api/v1/pause?route=a"); err != nil {
				t.Fatal(err)
			}
		}
		if _, status := d.Get("/api/v1/status"); strings.Count(status, `"state": "paused"`) < 1 {
			t.Errorf("the pause is gone when the program number %d runs: %s", i+1, status)
		}
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	}
}
