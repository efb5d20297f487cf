package emulator

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
)

// raw sends bytes as they are, and reads one answer.
func raw(t *testing.T, addr, method, bytes string) (*http.Response, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprint(conn, bytes); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", bytes, err)
	}
	_ = resp.Body.Close()
	return resp, reader
}

func TestBodiesMayComeInAnyFormOfHTTP(t *testing.T) {
	t.Parallel()
	const head = "Host: x\r\nAuthorization: k\r\nContent-Type: text/plain\r\n"
	for name, c := range map[string]struct{ request, want string }{
		"with a length": {"POST /topics/c/t HTTP/1.1\r\n" + head + "Content-Length: 5\r\n\r\nhello", "1@1:hello"},
		"in chunks": {
			"POST /topics/c/t HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n" +
				"0\r\n\r\n", "1@1:hello",
		},
		"without a length": {"POST /topics/c/t HTTP/1.1\r\n" + head + "\r\n", "1@1:"},
		"of an old client": {"POST /topics/c/t HTTP/1.0\r\n" + head + "Content-Length: 5\r\n\r\nhello", "1@1:hello"},
		"by a name in percent": {
			"POST /topics/%63/%74 HTTP/1.1\r\n" + head + "Content-Length: 5\r\n\r\nhello", "1@1:hello",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, addr := start(t, Config{})
			if resp, _ := raw(t, addr, http.MethodPost, c.request); resp.StatusCode != http.StatusNoContent {
				t.Fatalf("%d", resp.StatusCode)
			}
			if got := get(t, addr, ""); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			status, _, body := send(t, addr, "GET /topics/%63/%74\n", key)
			if got := short(t, status, body); got != c.want {
				t.Errorf("by a name in percent: %s, want %s", got, c.want)
			}
		})
	}
}

func TestClientsMayAskWhetherToSendTheBody(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	const request = "POST /topics/c/t HTTP/1.1\r\nHost: x\r\nAuthorization: k\r\nContent-Type: text/plain\r\n" +
		"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, step := range []struct {
		send   string
		status int
	}{{request, http.StatusContinue}, {"hello", http.StatusNoContent}} {
		if _, err := fmt.Fprint(conn, step.send); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(reader, nil)
		if err != nil || resp.StatusCode != step.status {
			t.Fatalf("%v %v, want %d", resp, err, step.status)
		}
		_ = resp.Body.Close()
	}
}

// A method that is not documented says which are, and HEAD has no body and does not wait.
func TestOtherMethodsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		resp, _ := raw(t, addr, method, method+" /topics/c/t HTTP/1.1\r\nHost: x\r\nAuthorization: k\r\n"+
			"Content-Length: 0\r\nConnection: close\r\n\r\n")
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != allowed {
			t.Errorf("%s: %d, allowed %q", method, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
}

func TestLongPollsEndWithAnAnswerWhenTheEmulatorStops(t *testing.T) {
	t.Parallel()
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	answer := later(t, s, ln.Addr().String(), "")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := answer(); got != "" {
		t.Errorf("got %q, want an empty list", got)
	}
}
