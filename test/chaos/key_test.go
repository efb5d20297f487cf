package chaos

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestRevokedKeyLosesNothing(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	var valid atomic.Value
	valid.Store("old-key")
	e := startEndpoint(t, func(p publish) int {
		time.Sleep(time.Millisecond)
		if p.key != valid.Load() {
			return 401
		}
		return 204
	})
	file := filepath.Join(t.TempDir(), "key")
	write := func(key string) {
		if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old-key")
	const connections = 16
	d := startDaemon(t, settings{
		nats: n.addr, endpoint: e.url, key: "  api_key_file: " + file, momento: fmt.Sprintf("  connections: %d", connections), more: "limits: {rate: 500}",
	}.write(t))
	const messages = 3000
	var publishing sync.WaitGroup
	publishing.Go(func() { n.publish(0, messages) })
	e.await(500, 20*time.Second)
	valid.Store("new-key")
	time.Sleep(time.Second)
	write("new-key")
	resumed := e.firstAfter(time.Now())
	e.await(messages, time.Minute)
	publishing.Wait()
	_, duplicates := e.sums()
	t.Logf("%d answers 401 on %d connections, publishing again after %v", e.status(401), connections, resumed)
	if e.status(401) > connections*pipelined() || duplicates != 0 || resumed > 2*time.Second {
		t.Errorf("%d answers 401, %d duplicates, resumed after %v", e.status(401), duplicates, resumed)
	}
	if status := d.stop(); status != 0 {
		t.Errorf("exit status %d after SIGTERM", status)
	}
}

// vending is a token vending machine whose keys live for 5 s.
type vending struct {
	mu      sync.Mutex // Guards the following.
	expires map[string]time.Time
	down    bool
}

func (v *vending) serve(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down || r.Header.Get("X-Tenant") != "ours" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	key := fmt.Sprint("key-", len(v.expires))
	v.expires[key] = time.Now().Add(5 * time.Second)
	fmt.Fprintf(w, `{"authToken":%q,"expiresAt":%.3f}`, key, float64(v.expires[key].UnixMilli())/1000)
}

// valid reports whether a key is good, and whether any vended key is.
func (v *vending) valid(key string) (this, some bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	for _, expires := range v.expires {
		some = some || now.Before(expires)
	}
	return now.Before(v.expires[key]), some
}

func (v *vending) turn(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down = !on
}

func TestVendedKeysAreRenewedAndLoseNothing(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	v := &vending{expires: map[string]time.Time{}}
	machine := httptest.NewServer(http.HandlerFunc(v.serve))
	t.Cleanup(machine.Close)
	var early atomic.Int32
	e := startEndpoint(t, func(p publish) int {
		this, some := v.valid(p.key)
		switch {
		case this:
			return 204
		case some:
			early.Add(1)
		}
		return 401
	})
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("X-Tenant: ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const rate = 200
	messages := rate * pick(25, 120)
	d := startDaemon(t, settings{
		nats: n.addr, endpoint: e.url, more: fmt.Sprintf("limits: {rate: %d}", rate),
		key: fmt.Sprintf("  api_key_url: %s/token\n  api_key_url_headers_file: %s", machine.URL, headers),
	}.write(t))
	n.publish(0, messages)
	e.await(messages/4, time.Minute)
	if refused := e.status(401); refused != 0 {
		t.Errorf("%d answers 401 although every key was renewed in time", refused)
	}
	v.turn(false)
	time.Sleep(3 * time.Second)
	eventually(t, 10*time.Second, "every key has expired", func() bool { _, some := v.valid(""); return !some })
	v.turn(true)
	resumed := e.firstAfter(time.Now())
	e.await(messages, time.Duration(messages/rate)*3*time.Second)
	eventually(t, 10*time.Second, "everything is acknowledged", n.settled)
	_, duplicates := e.sums()
	t.Logf("%d keys, %d answers 401, %d of them while a vended key lived, publishing again after %v", len(v.expires), e.status(401), early.Load(), resumed)
	if early.Load() != 0 || duplicates != 0 || resumed > 2*time.Second {
		t.Errorf("%d answers 401 while a key lived, %d duplicates, resumed after %v", early.Load(), duplicates, resumed)
	}
	if status := d.stop(); status != 0 {
		t.Errorf("exit status %d after SIGTERM", status)
	}
}
