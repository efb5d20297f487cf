package sink

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestBothKindsOfVendedAnswersAreRead(t *testing.T) {
	v1 := base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell-1.example","api_key":"inner"}`))
	at := time.Unix(1_800_000_000, 0)
	f := func(body string, endpoint string, expires time.Time) {
		t.Helper()
		k, err := parseVended([]byte(body))
		if err != nil || k.Endpoint != endpoint || !k.Expires.Equal(expires) {
			t.Errorf("%s gives %+v, %v, want endpoint %q, expiry %v", body, k, err, endpoint, expires)
		}
	}
	f(`{"authToken":"`+v1+`","expiresAt":1800000000}`, "cell-1.example", at)
	f(`{"authToken":"t","expiresAt":{"validUntil":1800000000}}`, "", at)
	f(`{"authToken":"t","expiresAt":"1800000000"}`, "", at)
	f(`{"api_key":"t","endpoint":"cell-2.example","valid_until":1800000000}`, "cell-2.example", at)
	f(`{"authToken":"t","expiresAt":{}}`, "", time.Time{})
	f(`{"authToken":"t","expiresAt":-1}`, "", time.Time{})
	f(`{"authToken":"t"}`, "", time.Time{})
}

func FuzzVendedAnswerIsAKeyOrAnErrorWithoutIt(f *testing.F) {
	for _, body := range []string{
		`{"authToken":"secret","expiresAt":1}`, `{"api_key":"secret","valid_until":{"validUntil":3}}`, `{}`, `[]`, ``, `{"authToken":"sec ret"}`,
		`{"authToken":5}`, `{"authToken":"secret","expiresAt":1e300}`, `{"authToken":"Bearer secret"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		k, err := parseVended([]byte(body))
		if (err == nil) == (k.raw == "") {
			t.Errorf("key %v and error %v", k, err)
		}
		var answer map[string]any
		if err == nil || json.Unmarshal([]byte(body), &answer) != nil {
			return
		}
		if token, ok := answer["authToken"].(string); ok && len(token) > 20 && strings.Contains(err.Error(), token) {
			t.Errorf("the error holds the token: %v", err)
		}
	})
}

func TestVendorSendsItsHeadersAndVerifiesTheServer(t *testing.T) {
	var got http.Header
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/token", http.StatusFound)
		case "/long":
			_, _ = w.Write([]byte(`{"authToken":"` + strings.Repeat("x", maxVended) + `"}`))
		case "/refused":
			w.WriteHeader(http.StatusForbidden)
		default:
			_, _ = w.Write([]byte(`{"authToken":"the-token","expiresAt":1800000000}`))
		}
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	headers, roots := filepath.Join(dir, "headers"), filepath.Join(dir, "ca.pem")
	writeFile(t, headers, "# Ours.\nAuthorization: Basic abc\n\nX-Tenant:  a b \n")
	writeFile(t, roots, certificatePEM(server.Certificate().Raw))
	fetch := func(path, headersFile, caFile string) (Key, error) {
		t.Helper()
		v, err := NewVendor(server.URL+path+"?secret=s", headersFile, caFile)
		if err != nil {
			t.Fatal(err)
		}
		return v.Fetch(t.Context())
	}
	if k, err := fetch("/token", headers, roots); err != nil || k.raw != "the-token" || got.Get("Authorization") != "Basic abc" || got.Get("X-Tenant") != "a b" {
		t.Errorf("key %v, %v, headers %v", k, err, got)
	}
	f := func(path, headersFile, caFile, want string) {
		t.Helper()
		_, err := fetch(path, headersFile, caFile)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "fetch an API key from https://127.0.0.1") {
			t.Errorf("%s: %v, want %q in it and no secret", path, err, want)
		}
	}
	f("/token", headers, "", "certificate")
	f("/moved", headers, roots, "it answered 302")
	f("/refused", headers, roots, "it answered 403")
	f("/long", headers, roots, "too long")
	writeFile(t, headers, "no header")
	f("/token", headers, roots, "headers:1: write a header as Name: value")
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// machine vends keys that live for an hour, on virtual time.
type machine struct {
	down            atomic.Bool
	changed, failed atomic.Int32 // What the keyring's owner was told.

	mu      sync.Mutex      // Guards the following.
	fetches []time.Duration // Since began.
	began   time.Time
}

func (m *machine) fetch(context.Context) (Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fetches = append(m.fetches, time.Since(m.began))
	if m.down.Load() {
		return Key{}, errors.New("down")
	}
	return Key{raw: time.Now().String(), Expires: time.Now().Add(time.Hour)}, nil
}

// fetched returns when keys were fetched, once nothing more happens now.
func (m *machine) fetched() []time.Duration {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.fetches)
}

func (m *machine) ring() *Keyring { return newKeyring(nil, m.fetch) }

// watch runs a keyring on the machine.
func (m *machine) watch(t *testing.T) *Keyring {
	t.Helper()
	m.began = time.Now()
	r := m.ring()
	go r.Watch(t.Context(), time.Second, func() { m.changed.Add(1) }, func(error) { m.failed.Add(1) })
	return r
}

func TestVendedKeyIsReplacedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{}
		if fresh := m.ring(); fresh.Missing() == nil || fresh.Key() != nil {
			t.Error("there is a key before the first fetch")
		}
		r := m.watch(t)
		time.Sleep(10 * time.Hour)
		fetches := m.fetched()
		if n := len(fetches); n < 12 || n > 14 || int(m.changed.Load()) != n || r.Missing() != nil {
			t.Errorf("%d fetches in ten hours, %d changes, missing %v", n, m.changed.Load(), r.Missing())
		}
		for i, at := range fetches[1:] {
			if age := at - fetches[i]; age < 45*time.Minute || age > 51*time.Minute {
				t.Errorf("a key was replaced after %v, want 80 %% of its life, give or take 5", age)
			}
		}
	})
}

func TestOldKeyStaysWhileTheMachineIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{}
		r := m.watch(t)
		m.fetched()
		old := r.Key()
		m.down.Store(true)
		time.Sleep(59 * time.Minute)
		if n := len(m.fetched()); n < 50 || n > 800 {
			t.Errorf("%d fetches while the machine was down for 11 minutes", n)
		}
		if r.Key() != old || m.failed.Load() != 1 {
			t.Errorf("the key was replaced, or %d failures reported, want one", m.failed.Load())
		}
		time.Sleep(time.Hour) // It has expired: tried at least once a second.
		m.down.Store(false)
		time.Sleep(1100 * time.Millisecond)
		m.fetched()
		if m.changed.Load() != 2 {
			t.Errorf("%d changes, want a new key within a second of the machine's return", m.changed.Load())
		}
	})
}

func TestFirstKeyIsAskedForUntilItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{}
		m.down.Store(true)
		r := m.watch(t)
		time.Sleep(time.Minute)
		if n := len(m.fetched()); n < 50 || m.failed.Load() != 1 || r.Missing() == nil {
			t.Errorf("%d fetches in a minute, %d failures reported, missing %v", n, m.failed.Load(), r.Missing())
		}
		m.down.Store(false)
		time.Sleep(1100 * time.Millisecond)
		m.fetched()
		if r.Key() == nil || r.Missing() != nil || m.changed.Load() != 1 {
			t.Errorf("key %v, missing %v, %d changes", r.Key(), r.Missing(), m.changed.Load())
		}
	})
}

func TestVendedKeyThatIsThereIsNotFetchedAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{began: time.Now()}
		r := m.ring()
		if err := r.First(t.Context()); err != nil {
			t.Fatal(err)
		}
		go r.Watch(t.Context(), time.Second, func() { m.changed.Add(1) }, func(error) {})
		time.Sleep(44 * time.Minute)
		if n := len(m.fetched()); n != 1 {
			t.Errorf("%d fetches, want the first only", n)
		}
		time.Sleep(8 * time.Minute)
		if n := len(m.fetched()); n != 2 || m.changed.Load() != 1 {
			t.Errorf("%d fetches and %d changes, want one before it expires", n, m.changed.Load())
		}
	})
}

func TestRefusedVendedKeyIsReplacedAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{}
		r := m.watch(t)
		for range 50 {
			time.Sleep(100 * time.Millisecond)
			r.Reread(r.Key())
		}
		if n := len(m.fetched()); n < 5 || n > 6 || int(m.changed.Load()) != n {
			t.Errorf("%d fetches and %d changes in 5 s, want one a second", n, m.changed.Load())
		}
	})
}
