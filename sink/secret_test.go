package sink

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// A server in between, or a debug page, may send back what it was sent. Details go to logs, health and dead letters.
func TestNoAnswerBringsTheKeyIntoADetail(t *testing.T) {
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"` + strings.Repeat("somebody ", 30) + `"}`))
	inner := "eyJhbGciOiJIUzI1NiJ9." + claims + ".c2ln"
	raw := base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell.example.com","api_key":"` + inner + `"} `))
	if !strings.Contains(raw, "=") || len(raw) < 2*maxExcerpt {
		t.Fatalf("the key %q does not show what it is to show", raw)
	}
	k, err := key.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, echo := range map[string]func(r *http.Request) string{
		"the request": func(r *http.Request) string {
			dump, _ := httputil.DumpRequest(r, true)
			return httpAnswer("401 No", string(dump))
		},
		"as JSON": func(r *http.Request) string {
			return httpAnswer("500 No", fmt.Sprintf(`{"message":%q}`, r.RequestURI+r.Header.Get("Authorization")))
		},
		"across the bound": func(r *http.Request) string {
			return httpAnswer("400 No", strings.Repeat("x", maxExcerpt-40)+r.Header.Get("Authorization")+r.RequestURI)
		},
		"what is inside": func(*http.Request) string { return httpAnswer("403 No", "the token "+inner) },
		"no HTTP": func(r *http.Request) string {
			return r.RequestURI + r.Header.Get("Authorization") +
				"\r\n\r\n"
		},
		"a broken header": func(r *http.Request) string {
			return "HTTP/1.1 500 No\r\n" + r.RequestURI + r.Header.Get("Authorization") + "\r\n\r\n"
		},
		"a broken status": func(r *http.Request) string {
			return "HTTP/1.1 " + r.Header.Get("Authorization") + r.RequestURI + " OK\r\n\r\n"
		},
		"a broken length": func(r *http.Request) string {
			return "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n" + r.RequestURI + "\r\n"
		},
		"half an answer": func(r *http.Request) string {
			return "HTTP/1.1 500 No\r\nServer: " + r.RequestURI + r.Header.Get("Authorization")
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, query := range []bool{false, true} {
				m := newMomento(t, echoing(t, echo), func(c *Config) { c.Keys, c.QueryAuth = key.Fixed(k), query })
				showsNoKey(t, m.Publisher().Publish(request("t", []byte("x"))), raw, inner)
				c := m.Connection(2)
				c.Send([]*pipeline.Request{request("t", []byte("x"))}, false)
				showsNoKey(t, c.Receive(nil)[0].Answer, raw, inner)
				c.Close()
			}
		})
	}
}

// showsNoKey checks that an answer holds nothing of a key: not even a few letters, as it may have been cut.
func showsNoKey(t *testing.T, a pipeline.Answer, keys ...string) {
	t.Helper()
	if a.Detail == "" || len(a.Detail) > 2*maxExcerpt || strings.ContainsAny(a.Detail, "\r\n") {
		t.Errorf("the detail is %q, want a line", a.Detail)
	}
	for _, key := range keys {
		for i := 0; i+12 <= len(key); i += 6 {
			if strings.Contains(a.Detail, key[i:i+12]) {
				t.Errorf("the detail shows the key: %q", a.Detail)
				return
			}
		}
	}
}

func httpAnswer(status, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

// echoing is a server that answers whatever echo makes of a request, byte for byte, and closes the connection.
func echoing(t *testing.T, echo func(*http.Request) string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, out, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = out.WriteString(echo(r))
		_ = out.Flush()
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestVendingMachineShowsNoSecret(t *testing.T) {
	headers, body := filepath.Join(t.TempDir(), "headers"), filepath.Join(t.TempDir(), "body")
	writeFile(t, headers, "Authorization: Bearer the-token\n")
	writeFile(t, body, `{"password":"the-token"}`)
	const ok, chunked = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	for name, answer := range map[string]string{
		"no HTTP":                `{"authToken":"the-token"}` + "\r\n\r\n",
		"a broken header":        "HTTP/1.1 200 OK\r\nthe-token\r\n\r\n",
		"a header with a zero":   "HTTP/1.1 200 OK\r\nthe-token: the-token\x00\r\n\r\n",
		"a broken status":        "HTTP/1.1 the-token\r\n\r\n",
		"a broken length":        "HTTP/1.1 200 OK\r\nContent-Length: the-token\r\n\r\n",
		"two lengths":            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: the-token\r\n\r\n",
		"an encoding":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: the-token\r\n\r\n",
		"a compression":          ok + "Content-Encoding: the-token\r\nContent-Length: 9\r\n\r\nthe-token",
		"no gzip":                ok + "Content-Encoding: gzip\r\nContent-Length: 18\r\n\r\nthe-tokenthe-token",
		"a broken chunk":         chunked + "\r\nthe-token\r\n\r\n",
		"a broken trailer":       chunked + "Trailer: X\r\n\r\n1\r\na\r\n0\r\nthe-token\r\n\r\n",
		"half an answer":         "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nthe-token",
		"half a head":            "HTTP/1.1 200 OK\r\nX: the-token",
		"nothing":                "",
		"a broken redirect":      "HTTP/1.1 302 the-token\r\nLocation: ://the-token\r\n\r\n",
		"a redirect":             "HTTP/1.1 302 the-token\r\nLocation: /the-token\r\nContent-Length: 0\r\n\r\n",
		"a switch":               "HTTP/1.1 101 the-token\r\nConnection: upgrade\r\nUpgrade: the-token\r\n\r\n",
		"a refusal":              httpAnswer("500 the-token", "the-token"),
		"no key":                 httpAnswer("200 OK", "the-token\nthe-token"),
		"a broken object":        httpAnswer("200 OK", `{"authToken":"the-token"`),
		"a key of another kind":  httpAnswer("200 OK", `{"authToken":["the-token"]}`),
		"a key under no name":    httpAnswer("200 OK", `{"secret":"the-token"}`),
		"a key with a scheme":    httpAnswer("200 OK", `"Bearer the-token"`),
		"a key that is no JWT":   httpAnswer("200 OK", `{"token":"the-token.!.the-token"}`),
		"a page":                 httpAnswer("200 OK", "<html>the-token</html>"),
		"none of Momento's keys": httpAnswer("200 OK", "the-token"),
	} {
		url := strings.Replace(echoing(t, func(*http.Request) string { return answer }), "http://",
			"http://user:the-token@", 1) + "/the-token?k=the-token"
		through, err := VendorTransport(url, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		v := key.NewVendor(key.VendorConfig{
			URL: url, Post: true, HeadersFile: headers, BodyFile: body, Momento: true, Transport: through,
		})
		if _, err := v.Fetch(t.Context()); err == nil || strings.Contains(strings.ToLower(err.Error()), "the-token") {
			t.Errorf("%s: Fetch = %v, want an error without the token", name, err)
		} else if testing.Verbose() {
			t.Logf("%s: %v", name, err)
		}
	}
}
