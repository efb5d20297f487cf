package excerpt

import (
	"encoding/base64"
	"html"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"momento-bridge/printable"
	"momento-bridge/test/encodings"
)

func TestWhatIsKnownIsTold(t *testing.T) {
	t.Parallel()
	names := Secrets{Names: []string{"orders-cache", "t/1"}}
	for text, want := range map[string]string{
		"Request rate exceeded.":                  "Request rate exceeded.",
		"item_size_limit_exceeded: 4096 bytes":    "item_size_limit_exceeded: 4096 bytes",
		"TooManyRequestsException":                "TooManyRequestsException",
		"Cache 'orders-cache' isn't found (404)":  "Cache 'orders-cache' isn't found (404)",
		"topic t/1":                               "topic t/1",
		"cache of-hoodwink is unknown":            "cache of-… is unknown",
		`{"message":"broken o`:                    `{"message":"broken …`,
		"token=eyJhbGciOi.x is bad":               "token=… is bad",
		"nginx/1.24.0 HTTP/1.1 4KB 2xx us-east-1": "nginx/1.24.0 HTTP/1.1 4KB … us-east-1",
		"12345 1234567890 123 4":                  "12345 1234567890 …",
		"two\r\n  lines\x1b[31m":                  "two lines…",
		"caf\xe9 \u202e \x00":                     "…",
		"---- .- -... <<<<>>>>":                   "",
		"xyzzy plugh frobnicate":                  "…",
		"":                                        "",
		strings.Repeat("limit ", 99):              "limit limit limit limit limit limit l…",
	} {
		if got := Of(text, 40, names); got != want {
			t.Errorf("of %q is told %q, want %q", text, got, want)
		}
	}
}

func TestHostsAreToldAsFarAsTheyAreNoSecret(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"https://login.example.com":        "https://login.example.com",
		"https://sso.mycorp.com:8443":      "https://sso.mycorp.com:…",
		"http://10.11.12.13:8080":          "http://10.11.12.13:8080",
		"10.11.12.13:8080":                 "10.11.12.13:8080",
		"eyJhbGciOiJIUzI1NiJ9.example.com": "…",
		"the-secret-key.example.com":       Withheld,
		"abc.def.ghi.example.com":          "abc.def.…",
	} {
		if got := Host(host, 80, Secrets{Keys: []string{"the-secret-key"}}); got != want {
			t.Errorf("of %q is told %q, want %q", host, got, want)
		}
	}
}

func TestSecretsOfPlainWordsAreWithheld(t *testing.T) {
	t.Parallel()
	hidden := Secrets{
		Keys:    []string{"", "my-private-api-key-12345", "key", "the-user"},
		Payload: []byte(`{"text": "please reset the password of my account"}`),
	}
	for text, withheld := range map[string]bool{
		"the key is bad":                        false,
		"no such key: my-private-api-key-12345": true,
		"no such key: PRIVATE API":              true,
		"key my priv":                           false,
		"api-key-12":                            true,
		"the user is unknown":                   true,
		"bad value Reset the password of":       true,
		"bad value: reset":                      false,
	} {
		if got := Of(text, 200, hidden); (got == Withheld) != withheld {
			t.Errorf("of %q is told %q, withheld should be %v", text, got, withheld)
		}
	}
	short := Secrets{Payload: []byte("not found")}
	if got := Of("topic not found", 200, short); got != "topic not found" {
		t.Errorf("beside a payload of usual words it is %q", got)
	}
}

// keyOf is a key as Momento's are: base64 of JSON with a JWT in it.
func keyOf(seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	random := make([]byte, 96)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	inner := "eyJhbGciOiJIUzI1NiJ9." + base64.RawURLEncoding.EncodeToString(random) + ".c2lnbmF0dXJl"
	return base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell-1.example.com","api_key":"` + inner + `"} `))
}

// Whatever a server makes of a key, and wherever it puts it.
func TestNoPieceOfAKeyIsToldInAnyEncoding(t *testing.T) {
	t.Parallel()
	if len(encodings.All) < 30 {
		t.Fatalf("there are %d encodings", len(encodings.All))
	}
	for seed := range uint64(3) {
		key := keyOf(seed)
		finder := encodings.NewFinder(key)
		for _, e := range encodings.All {
			echo := e.Encode(key)
			if _, encoding := finder.Find(echo); encoding == "" && !strings.Contains(e.Name, "gzip") {
				t.Errorf("%s: the finder does not find %q", e.Name, echo)
			}
			for _, text := range []string{
				echo, "the key " + echo + " is unknown", "Authorization: " + echo, "/topics/c/t?token=" + echo,
				`{"message":"` + echo + `"}`, html.UnescapeString("<title>" + echo), strings.Repeat("x", 150) + echo,
			} {
				for _, told := range []string{Of(text, 200, Secrets{Keys: []string{key}}), Host(text, 80, Secrets{})} {
					if piece, encoding := finder.Find(told); piece != "" {
						t.Errorf("%s: %q is told, with %q (%s)", e.Name, told, piece, encoding)
					}
				}
			}
		}
	}
}

func FuzzNothingOfAKeyIsTold(f *testing.F) {
	key := keyOf(7)
	finder := encodings.NewFinder(key)
	for i := range encodings.All {
		f.Add("the key ", " is bad", i, 0, 0)
	}
	f.Fuzz(func(t *testing.T, before, after string, how, from, to int) {
		piece := key
		if from >= 0 && to >= from && to <= len(key) && to > 0 {
			piece = key[from:to]
		}
		text := before + encodings.All[max(0, how)%len(encodings.All)].Encode(piece) + after
		for _, told := range []string{Of(text, 200, Secrets{Keys: []string{key}}), Host(text, 80, Secrets{})} {
			if !utf8.ValidString(told) || len(told) > 200 || strings.ContainsFunc(told, func(r rune) bool {
				return !printable.Safe(r)
			}) {
				t.Errorf("of %q is told %q", text, told)
			}
			if found, _ := finder.Find(told); found != "" {
				if _, given := finder.Find(before + after); given == "" {
					t.Errorf("of %q is told %q, with %q", text, told, found)
				}
			}
		}
	})
}

func BenchmarkRefusal(b *testing.B) {
	hidden := Secrets{Keys: []string{keyOf(1), keyOf(2)}, Payload: []byte(strings.Repeat(`{"temperature":20.5}`, 200))}
	b.ReportAllocs()
	for b.Loop() {
		Of("Request rate limit exceeded for this account: wait and try again.", 200, hidden)
	}
}
