package chaos

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/test/lab"
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
	file := scratch(t, "key", "old-key")
	const connections = 16
	d := startDaemon(t, settings{
		nats: n.Address, endpoint: e.url, key: "  api_key_file: " + file, momento: fmt.Sprintf("  connections: %d",
			connections), more: "limits: {rate: 500}",
	}.write(t))
	messages := pick(1500, 3000, 3000)
	var publishing sync.WaitGroup
	publishing.Go(func() { n.publish(0, messages) })
	e.await(500, 5*patience)
	valid.Store("new-key")
	time.Sleep(time.Second)
	must(t, os.WriteFile(file, []byte("new-key"), 0o600))
	resumed := e.firstAfter(time.Now())
	e.await(messages, 5*patience)
	publishing.Wait()
	_, duplicates := e.sums()
	t.Logf("%d answers 401 on %d connections, publishing again after %v", e.status(401), connections, resumed)
	if e.status(401) > connections*pipelined() || duplicates != 0 {
		t.Errorf("%d answers 401, %d duplicates", e.status(401), duplicates)
	}
	timely(t, resumed <= 2*time.Second, "publishing again after %v", resumed)
	d.mustStop()
}

// vending is a token vending machine whose keys live for 5 s, as it says, and a while longer.
type vending struct {
	mu   sync.Mutex // Guards the following.
	keys map[string]*vended
	last *vended
	down bool
}

// vended is a key.
type vended struct {
	expires time.Time
	renewed bool // The next key was vended before this one expired.
}

const grace = 3 * time.Second // For requests that are on their way, on a machine that does much else.

func (v *vending) serve(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down || r.Header.Get("X-Tenant") != "ours" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	now, name := time.Now(), fmt.Sprint("key-", len(v.keys))
	if v.last != nil {
		v.last.renewed = now.Before(v.last.expires)
	}
	v.last = &vended{expires: now.Add(5*time.Second + grace)}
	v.keys[name] = v.last
	fmt.Fprintf(w, `{"authToken":%q,"expiresAt":%.3f}`, name, float64(v.last.expires.Add(-grace).UnixMilli())/1000)
}

// valid reports whether a key is good, and whether one that is not need not have been used any more.
func (v *vending) valid(name string) (valid, needless bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := v.keys[name]
	return key != nil && time.Now().Before(key.expires), key == nil || key.renewed
}

// dry reports whether every key has expired.
func (v *vending) dry() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last != nil && time.Now().After(v.last.expires)
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
	v := &vending{keys: map[string]*vended{}}
	machine := httptest.NewServer(http.HandlerFunc(v.serve))
	t.Cleanup(machine.Close)
	var early atomic.Int32
	e := startEndpoint(t, func(p publish) int {
		valid, needless := v.valid(p.key)
		if valid {
			return 204
		}
		if needless {
			early.Add(1)
		}
		return 401
	})
	headers := scratch(t, "headers", "X-Tenant: ours\n")
	const rate = 200
	messages := rate * pick(16, 25, 120)
	d := startDaemon(t, settings{
		nats: n.Address, endpoint: e.url, more: fmt.Sprintf("limits: {rate: %d}", rate),
		key: fmt.Sprintf("  api_key_url: %s/token\n  api_key_url_headers_file: %s", machine.URL, headers),
	}.write(t))
	n.publish(0, messages)
	e.await(messages/3, 5*patience)
	if refused := e.status(401); refused != 0 {
		t.Errorf("%d answers 401 although every key was renewed in time", refused)
	}
	v.turn(false)
	time.Sleep(3 * time.Second)
	lab.Eventually(t, patience, "every key has expired", v.dry)
	v.turn(true)
	resumed := e.firstAfter(time.Now())
	e.await(messages, 3*patience)
	n.awaitSettled()
	_, duplicates := e.sums()
	t.Logf("%d keys, %d answers 401, %d of them although the key had been renewed, publishing again after %v",
		len(v.keys), e.status(401), early.Load(), resumed)
	if early.Load() != 0 || duplicates != 0 {
		t.Errorf("%d answers 401 although the key had been renewed, %d duplicates", early.Load(), duplicates)
	}
	timely(t, resumed <= 2*time.Second, "publishing again after %v", resumed)
	d.mustStop()
}
