package emulator

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

const publishHead = "POST /topics/c/t HTTP/1.1\r\nHost: x\r\nAuthorization: k\r\nContent-Type: text/plain\r\n"

// halfClosed sends bytes, says that there are no more, and reads one answer; 0: there is none.
func halfClosed(t *testing.T, addr, bytes string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, bytes)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer)
}

// A success that is not one would be a message lost that its publisher takes for published.
func TestBodiesThatDoNotEndAreNoSuccess(t *testing.T) {
	t.Parallel()
	for name, rest := range map[string]string{
		"shorter than it says":    "Content-Length: 10\r\n\r\nhello",
		"of chunks without sizes": "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
		"of chunks without end":   "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := start(t, Config{})
			if status, body := halfClosed(t, addr, publishHead+rest); status != http.StatusBadRequest {
				t.Errorf("%d %q", status, body)
			}
			if n := s.Stats().Accepted; n != 0 {
				t.Errorf("%d accepted", n)
			}
		})
	}
}

func TestPublishesUnderWayGetNoSuccessWhenTheEmulatorStops(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Settings: Settings{Latency: time.Hour}})
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
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, publishHead+"Content-Length: 5\r\n\r\nhello")
	for s.Stats().InFlight == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
		_ = resp.Body.Close()
		t.Errorf("answered %d, and %d accepted", resp.StatusCode, s.Stats().Accepted)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Who says that it sends nothing more may read on: it gets an answer that is one.
func TestLongPollsOfWhomSendsNoMoreEndWithAList(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	status, body := halfClosed(t, addr, "GET /topics/c/t HTTP/1.1\r\nHost: x\r\nAuthorization: k\r\n\r\n")
	if got := short(t, status, body); got != "" {
		t.Errorf("got %q, want an empty list", got)
	}
}

// A long poll that brings a body ends with its client, as any other does.
func TestSubscribersThatVanishFreeTheirPlaceWhateverTheySent(t *testing.T) {
	t.Parallel()
	const head = "GET /topics/c/t HTTP/1.1\r\nHost: x\r\nAuthorization: k\r\n"
	for name, rest := range map[string]string{
		"no body":                "\r\n",
		"a body":                 "Content-Length: 2\r\n\r\n{}",
		"a body that is not all": "Content-Length: 20\r\n\r\n{}",
		"a body in chunks":       "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := start(t, Config{})
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(conn, head+rest)
			if name != "a body that is not all" { // That one need not become a subscriber.
				await(t, "a subscriber", func() bool { return s.Stats().Subscribers == 1 })
			}
			_ = conn.Close()
			await(t, "its place", func() bool { return s.Stats().Subscribers == 0 && s.Stats().Connections.Open == 0 })
		})
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
