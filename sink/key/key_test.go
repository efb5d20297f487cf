package key

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/secretfile"
)

// jwt makes an unsigned token with these claims.
func jwt(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256"}`)) + "." + enc([]byte(claims)) + ".c2ln"
}

func TestEveryKindOfKeyIsRecognised(t *testing.T) {
	inner := jwt(`{"sub":"x","exp":1900000000}`)
	v1 := `{"endpoint":"cell-1.prod.a.momentohq.com","api_key":"` + inner + `"}`
	tests := map[string]struct {
		text     string
		kind     Kind
		endpoint string
		expires  int64
	}{
		"v1": {
			base64.StdEncoding.EncodeToString([]byte(v1)), V1, "cell-1.prod.a.momentohq.com",
			1900000000,
		},
		"v1 without padding": {
			base64.RawStdEncoding.EncodeToString([]byte(v1 + " ")), V1,
			"cell-1.prod.a.momentohq.com", 1900000000,
		},
		"v1 in the URL alphabet": {
			base64.URLEncoding.EncodeToString([]byte(v1)), V1, "cell-1.prod.a.momentohq.com",
			1900000000,
		},
		"v1 without an expiry": {base64.StdEncoding.EncodeToString(
			[]byte(`{"endpoint":"e.f","api_key":"` + jwt(`{}`) + `"}`)), V1, "e.f", 0},
		"v2": {jwt(`{"t":"g","jti":"1"}`), V2, "", 0},
		"legacy": {
			jwt(`{"sub":"a","cp":"control.e.f","c":"cache.e.f","exp":1900000000}`), Legacy,
			"cache.e.f", 1900000000,
		},
		"with white space around": {"\n " + jwt(`{"t":"g"}`) + " \r\n", V2, "", 0},
		"another server's":        {"secret", Opaque, "", 0},
		"within quotes":           {`"` + jwt(`{"t":"g"}`) + `"`, V2, "", 0},
		"within single quotes":    {"'" + jwt(`{"t":"g"}`) + "'\n", V2, "", 0},
		"white space within, too": {"\" " + jwt(`{"t":"g"}`) + "\n\" ", V2, "", 0},
		"after a byte order mark": {"\ufeff" + jwt(`{"t":"g"}`) + "\r\n", V2, "", 0},
		"quotes after the mark":   {"\ufeff\"" + jwt(`{"t":"g"}`) + `"`, V2, "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k, err := Parse(tt.text)
			var expires int64
			if !k.Expires.IsZero() {
				expires = k.Expires.Unix()
			}
			raw := strings.Trim(tt.text, "\ufeff\"' \r\n")
			if err != nil || k.Kind != tt.kind || k.Endpoint != tt.endpoint || expires != tt.expires || k.raw != raw {
				t.Errorf("Parse = %v %s %d %v", k.Kind, k.Endpoint, expires, err)
			}
		})
	}
}

func TestBadKeySaysWhatIsWrongAndNeverTheKey(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %q in it", text, err, want)
		}
		if len(text) > 8 && err != nil && strings.Contains(err.Error(), text[8:]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
	f(" \n", "is empty")
	f("Bearer abcdefgh", "write the bare key")
	f(`{"endpoint":"a"}`, "write the bare value")
	f("abcdefgh ijklmnop", "one key, on one line")
	f(`"abcdefghijklmnop`, `has a stray quotation mark (")`)
	f(`abcdefghijklmnop'`, "has a stray quotation mark (')")
	f(`'abcdefghijklmnop"`, "has a stray quotation mark")
	f(`""abcdefghijklmnop""`, "has a stray quotation mark")
	f(`"'abcdefghijklmnop'"`, "has a stray quotation mark")
	f(`"abcdefgh"ijklmnop"`, "has a stray quotation mark")
	f("\u201cabcdefghijklmnop\u201d", "has a stray quotation mark (\u201c)")
	f(`"`, "has a stray quotation mark")
	f(`" "`, "is empty")
	f(`"Bearer abcdefgh"`, "write the bare key")
	f(`'{"endpoint":"a"}'`, "write the bare value")
	f(`"abcdefgh ijklmnop"`, "one key, on one line")
	f("abcdefgh\nijklmnop", "one key, on one line")
	f(base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"a"}`)), "no endpoint or no api_key")
	f(base64.StdEncoding.EncodeToString([]byte(`{"endpoint":`)), "it is base64, but not of the JSON object")
	f("abcdefghij.!!!.klmnopqr", "its claims are not base64")
	f("abcdefghij.YWJj.klmnopqr", "its claims are not the expected JSON")
}

func TestKeyPrintsAsItsKindOnly(t *testing.T) {
	k, _ := Parse("very-secret")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, k); strings.Contains(got, "very-secret") {
			t.Errorf("%s shows the key: %s", format, got)
		}
	}
}

func TestKeyFileIsReadAgainWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	synctest.Test(t, func(t *testing.T) {
		ring, err := FromFile(path)
		if err != nil || ring.Key().raw != "first" {
			t.Fatalf("KeyFile = %v, %v", ring, err)
		}
		changes, failures := 0, 0
		go ring.Watch(t.Context(), 700*time.Millisecond, func() { changes++ }, func(error) { failures++ })
		f := func(wantKey string, wantChanges, wantFailures int) {
			t.Helper()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if ring.Key().raw != wantKey || changes != wantChanges || failures != wantFailures {
				t.Errorf(
					"key %s after %d changes and %d failures, want %s %d %d", ring.Key().raw, changes, failures,
					wantKey, wantChanges, wantFailures)
			}
		}
		f("first", 0, 0)
		write("second")
		f("second", 1, 0)
		write("")
		f("second", 1, 1)
		write("third")
		f("third", 2, 1)
	})
}

// The key is refused again and again, and its file read for that: it is told once that it cannot be.
func TestUnreadableKeyFileIsToldOnceWhileTheKeyIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("refused"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ring, err := FromFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		failures := 0
		go ring.Watch(t.Context(), time.Second, func() {}, func(error) { failures++ })
		for range 300 {
			time.Sleep(130 * time.Millisecond)
			ring.Reread(ring.Key())
		}
		if failures != 1 {
			t.Errorf("it is told %d times", failures)
		}
	})
}

// slow is a key file on a disk that does not answer until it is told to.
type slow struct {
	keys  chan string
	loads atomic.Int32
}

func (s *slow) load(ctx context.Context) (Key, error) {
	s.loads.Add(1)
	select {
	case text := <-s.keys:
		return Parse(text)
	case <-ctx.Done():
		return Key{}, ctx.Err()
	case <-time.After(secretfile.Timeout):
		return Key{}, secretfile.ErrTimeout
	}
}

func newSlow(t *testing.T) (*slow, *Ring) {
	t.Helper()
	s := &slow{keys: make(chan string)}
	k, err := Parse("old")
	if err != nil {
		t.Fatal(err)
	}
	r := newRing(s.load, nil)
	r.current.Store(&k)
	return s, r
}

func TestNobodyWaitsForADiskThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := newSlow(t)
		changes, failures := 0, 0
		go r.Watch(t.Context(), time.Second, func() { changes++ }, func(error) { failures++ })
		began := time.Now()
		for range 64 {
			r.Reread(r.Key())
		}
		if took := time.Since(began); r.Key().raw != "old" || r.Missing() != nil || r.Trouble() != nil || took != 0 {
			t.Errorf("key %s, missing %v, trouble %v after %v", r.Key().raw, r.Missing(), r.Trouble(), took)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := s.loads.Load(); n > 13 || failures != 1 || !errors.Is(r.Trouble(), secretfile.ErrTimeout) {
			t.Errorf("read %d times in a minute, %d failures told, trouble %v", n, failures, r.Trouble())
		}
		if changes != 0 || r.Key().raw != "old" {
			t.Errorf("%d changes, key %s", changes, r.Key().raw)
		}
		s.keys <- "new"
		synctest.Wait()
		if changes != 1 || failures != 1 || r.Key().raw != "new" || r.Trouble() != nil {
			t.Errorf("%d changes, %d failures, key %s, trouble %v", changes, failures, r.Key().raw, r.Trouble())
		}
	})
}

func TestKeyFileIsReadAtOnceForARefusalButAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := newSlow(t)
		go r.Watch(t.Context(), time.Hour, func() {}, func(error) {})
		time.Sleep(time.Minute)
		r.Reread(r.Key())
		s.keys <- "old"
		synctest.Wait()
		if n := s.loads.Load(); n != 1 {
			t.Errorf("read %d times for the first refusal", n)
		}
		close(s.keys) // From now on there is an answer at once, if an empty one.
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			r.Reread(r.Key())
		}
		if n := s.loads.Load(); n < 10 || n > 12 {
			t.Errorf("read %d times for refusals over 10 s", n)
		}
		time.Sleep(3 * time.Second)
		before := s.loads.Load()
		r.Reread(&Key{})
		time.Sleep(3 * time.Second)
		if after := s.loads.Load(); after != before {
			t.Errorf("read %d times for a key that is not in use any more", after-before)
		}
	})
}

func FuzzParseKeyNeverPanics(f *testing.F) {
	f.Add("a.b.c")
	f.Add(jwt(`{"exp":1e400}`))
	f.Add("eyJlbmRwb2ludCI6ImEifQ==")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := Parse(text); err == nil && k.raw == "" {
			t.Error("an empty key was accepted")
		}
	})
}

func TestSecretsOfAKeyAreAllThatMustBeHidden(t *testing.T) {
	raw := base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell.example.com","api_key":"inner"}`))
	k, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := k.Secrets(); got != [2]string{raw, "inner"} || k.Reveal() != raw {
		t.Errorf("the secrets are %q, want what is sent and the token inside", got)
	}
	if got := (*Key)(nil).Secrets(); got != [2]string{} {
		t.Errorf("without a key there are secrets: %q", got)
	}
}
