package admin

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

func TestAFullListenerStillAnswers(t *testing.T) {
	t.Parallel()
	cfg := Config{
		Stuck: func() string { return "" }, History: &History{}, Status: func() Status { return Status{} },
	}
	url, _ := listener(t, cfg)
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", url[len("http://"):])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	alive := func() error {
		conn := dial()
		fmt.Fprint(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", resp.Status)
		}
		return nil
	}
	next := watch(t, url) // It is busy, and stays.
	next()
	first := dial() // It asks for nothing.
	for range maxConnections + 20 {
		dial()
	}
	if err := alive(); err != nil {
		t.Errorf("with %d idle connections: %v", maxConnections, err)
	}
	if _, err := first.Read(make([]byte, 1)); err == nil || !errors.Is(err, io.EOF) && !isReset(err) {
		t.Errorf("the oldest idle connection: %v, want it closed", err)
	}
	cfg.History.Add(Sample{})
	next()
	if name, _ := next(); name != "status" {
		t.Error("who watches was closed for those who ask for nothing")
	}
	for range maxConnections { // Now all are busy, with requests that do not end.
		fmt.Fprint(dial(), "GET /livez HTTP/1.1\r\nHost: localhost\r\n")
	}
	if err := alive(); err != nil {
		t.Errorf("with %d busy connections: %v", maxConnections, err)
	}
}

func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op)
}

func TestTheLongestConnectionGoesWhenAllAreBusy(t *testing.T) {
	t.Parallel()
	c := newCrowd(2)
	var conns []net.Conn
	for range 4 {
		a, b := net.Pipe()
		t.Cleanup(func() { a.Close(); b.Close() })
		conns = append(conns, a)
	}
	c.enter(conns[0])
	c.enter(conns[1])
	c.changed(conns[0], http.StateActive)
	c.changed(conns[1], http.StateActive)
	if gone := c.enter(conns[2]); gone != conns[0] {
		t.Error("not the one that has been busy for longest goes")
	}
	if gone := c.enter(conns[3]); gone != conns[2] {
		t.Error("not the one that asks for nothing goes")
	}
	for _, conn := range conns {
		c.changed(conn, http.StateActive)
		c.changed(conn, http.StateClosed)
	}
	if len(c.line)+len(c.busy) != 0 {
		t.Errorf("%d connections are remembered after their end", len(c.line)+len(c.busy))
	}
}
