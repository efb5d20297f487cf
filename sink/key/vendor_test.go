package key

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
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
	headers := filepath.Join(dir, "headers")
	trusting := server.Client().Transport
	writeFile(t, headers, "# Ours.\nAuthorization: Basic abc\n\nX-Tenant:  a b \n")
	fetch := func(path, headersFile string, through http.RoundTripper) (Key, error) {
		t.Helper()
		v := vendor(VendorConfig{URL: server.URL + path + "?secret=s", HeadersFile: headersFile, Transport: through})
		return v.Fetch(t.Context())
	}
	if k, err := fetch("/token", headers, trusting); err != nil || k.raw != "the-token" ||
		got.Get("Authorization") != "Basic abc" || got.Get("X-Tenant") != "a b" {
		t.Errorf("key %v, %v, headers %v", k, err, got)
	}
	f := func(path, headersFile string, through http.RoundTripper, want string) {
		t.Helper()
		_, err := fetch(path, headersFile, through)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") ||
			!strings.Contains(err.Error(), "fetch an API key from https://127.0.0.1") {
			t.Errorf("%s: %v, want %q in it and no secret", path, err, want)
		}
	}
	f("/token", headers, nil, "certificate")
	f("/moved", headers, trusting, "it answered 302")
	f("/refused", headers, trusting, "it answered 403")
	f("/long", headers, trusting, "too long")
	writeFile(t, headers, "no header")
	f("/token", headers, trusting, "headers: line 1 is no header: write Name: value")
}

func TestVendorAsksAsItIsTold(t *testing.T) {
	var got *http.Request
	var sent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got, sent = r, string(body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"token":"t"}`)
	}))
	defer server.Close()
	path := func(text string) string {
		name := filepath.Join(t.TempDir(), "file")
		writeFile(t, name, text)
		return name
	}
	const json = "application/json"
	tests := map[string]struct {
		cfg                                     VendorConfig
		method, body, contentType, host, accept string
	}{
		"GET": {VendorConfig{}, "GET", "", "", "", json},
		"GET with headers": {
			VendorConfig{HeadersFile: path("\ufeffaccept: text/plain\r\nHost: h.example\r\n")},
			"GET", "", "", "h.example", "text/plain",
		},
		"POST without a body": {VendorConfig{Post: true}, "POST", "", "", "", json},
		"POST":                {VendorConfig{Post: true, BodyFile: path(" {}\n")}, "POST", " {}\n", json, "", json},
		"POST after a mark":   {VendorConfig{Post: true, BodyFile: path("\ufeff{}")}, "POST", "{}", json, "", json},
		"POST of nothing":     {VendorConfig{Post: true, BodyFile: path("")}, "POST", "", json, "", json},
		"POST of something else": {
			VendorConfig{Post: true, BodyFile: path("a=b"), HeadersFile: path("content-type: text/x")},
			"POST", "a=b", "text/x", "", json,
		},
		"encodings are not passed": {
			VendorConfig{HeadersFile: path("Accept-Encoding: br, zstd\nContent-Length: 9")}, "GET", "", "", "", json,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.cfg.URL = server.URL
			v := vendor(tt.cfg)
			if k, err := v.Fetch(t.Context()); err != nil || k.raw != "t" {
				t.Fatalf("Fetch = %v, %v", k, err)
			}
			if host := strings.TrimPrefix(server.URL, "http://"); tt.host == "" {
				tt.host = host
			}
			h := got.Header
			if got.Method != tt.method || sent != tt.body || got.ContentLength != int64(len(tt.body)) ||
				got.Host != tt.host ||
				h.Get("Content-Type") != tt.contentType || h.Get("Accept") != tt.accept ||
				h.Get("Accept-Encoding") != "gzip" {
				t.Errorf("asked with %s %s %q, headers %v", got.Method, got.Host, sent, h)
			}
		})
	}
}

func TestVendorsFilesAreReadAtEachFetchAndToldOfByName(t *testing.T) {
	var sent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = r.Header.Get("X-Tenant") + " " + string(body)
		_, _ = io.WriteString(w, "t")
	}))
	defer server.Close()
	headers, body := filepath.Join(t.TempDir(), "headers"), filepath.Join(t.TempDir(), "body")
	v := vendor(VendorConfig{URL: server.URL, Post: true, HeadersFile: headers, BodyFile: body})
	f := func(header, text, want string) {
		t.Helper()
		writeFile(t, headers, header)
		writeFile(t, body, text)
		_, err := v.Fetch(t.Context())
		if want != "" {
			saysOnly(t, err, want)
		} else if err != nil || sent != strings.TrimPrefix(header, "X-Tenant: ")+" "+text {
			t.Errorf("sent %q, %v", sent, err)
		}
	}
	f("X-Tenant: a", "b", "")
	f("X-Tenant: c", "d", "")
	f("X-Tenant: a", strings.Repeat("secret ", 10_000), "read the body from "+body+": it is larger than 64 KiB")
	f(strings.Repeat("secret ", 10_000), "b", "read the headers from "+headers+": it is larger than 64 KiB")
	f("X-Tenant: a", "\xff\xfe{\x00", "read the body from "+body+": it is UTF-16: save it as UTF-8")
	f("\xff\xfeX\x00", "b", "read the headers from "+headers+": it is UTF-16: save it as UTF-8")
	for _, line := range []string{
		"secret", ": secret", "X secret: a", "X(secret): a", "X: a\x00secret", "\u00dc-secret: a",
	} {
		f("# Ours.\n"+line, "b", "read the headers from "+headers+": line 2 is no header: write Name: value")
	}
	if err := os.Remove(body); err != nil {
		t.Fatal(err)
	}
	writeFile(t, headers, "")
	_, err := v.Fetch(t.Context())
	saysOnly(t, err, "read the body from "+body+": no such file or directory; correct the path")
}

// saysOnly checks that an error says something, and no secret.
func saysOnly(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error is %v, want %q in it and no secret", err, want)
	}
}

func TestEveryStatusOfAMachineSaysWhatToCheck(t *testing.T) {
	var status int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		if status != http.StatusNoContent && status != http.StatusNotModified {
			_, _ = io.WriteString(w, "secret")
		}
	}))
	defer server.Close()
	v := vendor(VendorConfig{URL: server.URL + "/secret"})
	for _, tt := range []struct {
		status int
		want   string // Empty: the key is taken.
	}{
		{200, ""},
		{201, ""},
		{203, ""},
		{202, "it answered 202, want 200 or 201"},
		{204, "it answered 204, want 200 or 201"},
		{206, "it answered 206, want 200 or 201"},
		{302, "write that address into momento.api_key_url"},
		{304, "it answered 304"},
		{308, "write that address into momento.api_key_url"},
		{400, "check momento.api_key_url_method, the body in momento.api_key_url_body_file"},
		{401, "check the headers in momento.api_key_url_headers_file"},
		{403, "check the headers in momento.api_key_url_headers_file"},
		{404, "check the path in momento.api_key_url"},
		{405, "check momento.api_key_url_method"},
		{415, "its Content-Type"},
		{418, "check the address, and the headers"},
		{429, "it is asked again later"},
		{500, "its own log may say why"},
	} {
		status = tt.status
		k, err := v.Fetch(t.Context())
		if tt.want != "" {
			saysOnly(t, err, tt.want)
		} else if err != nil || k.raw != "secret" {
			t.Errorf("%d: %v, %v", status, k, err)
		}
	}
}

func TestAnswersAreDecompressedWithinTheirBound(t *testing.T) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body)
	}))
	defer server.Close()
	v := vendor(VendorConfig{URL: server.URL})
	body = zipped([]byte(`{"token":"t"}`))
	if k, err := v.Fetch(t.Context()); err != nil || k.raw != "t" {
		t.Errorf("Fetch = %v, %v", k, err)
	}
	body = zipped(make([]byte, 4<<20)) // A few kilobytes.
	if _, err := v.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "its answer is too long") {
		t.Errorf("Fetch = %v", err)
	}
}

func zipped(text []byte) []byte {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	_, _ = zip.Write(text)
	_ = zip.Close()
	return b.Bytes()
}

func TestOnlyMomentosKeysAreTakenForMomento(t *testing.T) {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	v := vendor(VendorConfig{URL: server.URL, Momento: true})
	for _, body = range []string{"OK", `{"token":"OK"}`} {
		_, err := v.Fetch(t.Context())
		saysOnly(t, err, "neither a v1, v2 nor legacy Momento key")
	}
	body = jwt(`{"t":"g"}`)
	if k, err := v.Fetch(t.Context()); err != nil || k.Kind != V2 {
		t.Errorf("Fetch = %v, %v", k, err)
	}
}

// vendor returns a vendor; without a transport it has one that knows no roots and no proxy of ours.
func vendor(cfg VendorConfig) *Vendor {
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{DisableKeepAlives: true}
	}
	return NewVendor(cfg)
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

func (m *machine) ring() *Ring { return newRing(nil, m.fetch) }

// watch runs a keyring on the machine.
func (m *machine) watch(t *testing.T) *Ring {
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
