package sink

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"testing"

	"momento-bridge/pipeline"
)

// A server in between, or a debug page, may send back what it was sent. Details go to logs, health and dead letters.
func TestNoAnswerBringsTheKeyIntoADetail(t *testing.T) {
	inner := jwt(`{"sub":"` + strings.Repeat("somebody ", 30) + `"}`)
	raw := base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell.example.com","api_key":"` + inner + `"} `))
	if !strings.Contains(raw, "=") || len(raw) < 2*maxExcerpt {
		t.Fatalf("the key %q does not show what it is to show", raw)
	}
	key, err := ParseKey(raw)
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
		"no HTTP":        func(r *http.Request) string { return r.RequestURI + r.Header.Get("Authorization") + "\r\n\r\n" },
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
				m := newMomento(t, echoing(t, echo), func(c *Config) { c.Keys, c.QueryAuth = FixedKey(key), query })
				showsNoKey(t, m.Publisher().Publish(request("t", []byte("x"))), raw, inner)
				c := m.Connection(2)
				c.Send([]*pipeline.Request{request("t", []byte("x"))})
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
	for name, answer := range map[string]string{
		"no HTTP":         `{"authToken":"the-token"}` + "\r\n\r\n",
		"a broken header": "HTTP/1.1 200 OK\r\nthe-token\r\n\r\n",
		"a refusal":       httpAnswer("500 the-token", "the-token"),
		"not JSON":        httpAnswer("200 OK", "the-token"),
	} {
		url := strings.Replace(echoing(t, func(*http.Request) string { return answer }), "http://", "http://user:the-token@", 1) + "/the-token?k=the-token"
		v, err := NewVendor(url, "", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Fetch(t.Context()); err == nil || strings.Contains(err.Error(), "the-token") {
			t.Errorf("%s: Fetch = %v, want an error without the token", name, err)
		}
	}
}
