package chaos

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// rawEndpoint answers as it likes: serve gets each connection, with the number of the connection.
func rawEndpoint(t *testing.T, serve func(conn net.Conn, n int)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for n := 0; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn, n)
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

// requests reads requests from a connection and calls answer for each, until it returns false.
func requests(conn net.Conn, e *endpoint, answer func(conn net.Conn) bool) {
	buf := bufio.NewReader(conn)
	for {
		p, err := readPublish(buf)
		if err != nil {
			return
		}
		e.count(p.payload, 204)
		if !answer(conn) {
			return
		}
	}
}

func good(conn net.Conn) bool {
	_, err := io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
	return err == nil
}

func hang(net.Conn) bool {
	time.Sleep(time.Second)
	return false
}

// gigabyte answers with more than anybody wants to read.
func gigabyte(conn net.Conn) bool {
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
	for chunk := make([]byte, 1<<20); ; {
		if _, err := conn.Write(chunk); err != nil {
			return false
		}
	}
}

// dribbleHeaders answers, a byte every 20 ms.
func dribbleHeaders(conn net.Conn) bool {
	for _, b := range []byte("HTTP/1.1 204 No Content\r\nX-Slow: " + strings.Repeat("x", 62) + "\r\n\r\n") {
		if _, err := conn.Write([]byte{b}); err != nil {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// An endpoint that misbehaves on some of its connections, and then no more. Every message is published; what may have
// been published twice is counted as ambiguous.
func TestMisbehavingEndpointLosesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		early, late func(conn net.Conn) bool // Before a request is read, and instead of an answer, on some connections.
	}{
		"hangs before reading": {early: hang},
		"hangs after reading":  {late: hang},
		"closes within the answer": {late: func(conn net.Conn) bool {
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No")
			return false
		}},
		"resets within the answer": {late: func(conn net.Conn) bool {
			_ = conn.(*net.TCPConn).SetLinger(0)
			return false
		}},
		"answers with a gigabyte": {late: gigabyte},
		"dribbles its headers":    {late: dribbleHeaders},
		"closes after each answer": {late: func(conn net.Conn) bool {
			good(conn)
			return false
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNATS(t)
			n.stream("S", "s.>")
			e := startEndpoint(t, nil) // Only counts.
			url := rawEndpoint(t, func(conn net.Conn, n int) {
				answer, bad := good, n%3 == 0 && n < 20
				if bad && tt.early != nil {
					tt.early(conn)
					return
				}
				if bad && tt.late != nil {
					answer = tt.late
				}
				requests(conn, e, answer)
			})
			d := startDaemon(t, settings{nats: n.Address, endpoint: url, momento: "  timeout: 300ms\n" +
				"  connections: 8"}.write(t))
			messages := pick(120, 300, 300)
			n.publish(0, messages)
			d.awaitPublished(messages, 2*patience)
			accountForCopies(t, e, d, messages)
			if peak := d.PeakMemory(); peak > 200<<20 {
				t.Errorf("%d MiB at the peak", peak>>20)
			}
			d.mustStop()
		})
	}
}

// accountForCopies checks that nothing is lost, and that there are no more copies than attempts with an unclear
// outcome.
func accountForCopies(t *testing.T, e *endpoint, d *daemon, messages int) {
	t.Helper()
	got, duplicates := e.sums()
	ambiguous := d.ambiguous()
	t.Logf("%d published, %d duplicates, %d ambiguous", got, duplicates, ambiguous)
	if got != messages || duplicates > ambiguous {
		t.Errorf("%d of %d published, %d duplicates, %d ambiguous", got, messages, duplicates, ambiguous)
	}
}

func TestScriptedStatusesAreFollowedByAcceptance(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	var attempts atomic.Int32
	e := startEndpoint(t, func(publish) int {
		return [...]int{503, 204, 500, 204, 429, 204, 204, 502, 204, 408, 204}[attempts.Add(1)%11]
	})
	d := startDaemon(t, settings{nats: n.Address, endpoint: e.url}.write(t))
	messages := pick(200, 500, 500)
	n.publish(0, messages)
	e.await(messages, 5*patience)
	n.awaitSettled()
	if _, duplicates := e.sums(); duplicates != 0 || d.Metric("momento_bridge_ambiguous_total", "") != 0 {
		t.Errorf("%d duplicates, want none", duplicates)
	}
}

// The endpoint closes connections that are idle for 100 ms, just when the next request comes.
func TestIdleConnectionsThatAreClosedFailNoMessage(t *testing.T) {
	t.Parallel()
	all := []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond}
	for _, gap := range pick(all[1:2], all, all) {
		t.Run(gap.String(), func(t *testing.T) {
			t.Parallel()
			n := startNATS(t)
			n.stream("S", "s.>")
			e := startEndpoint(t, nil)
			e.stop()
			e.start()
			e.server.IdleTimeout = 100 * time.Millisecond
			d := startDaemon(t, settings{nats: n.Address, endpoint: e.url, momento: "  connections: 1"}.write(t))
			d.awaitReady()
			messages := pick(30, 60, 60)
			for i := range messages {
				n.publish(i, 1)
				time.Sleep(gap)
			}
			d.awaitPublished(messages, 2*patience)
			accountForCopies(t, e, d, messages)
			most := d.Metric("momento_bridge_ambiguous_total", "") // Sent at the moment of the close.
			if retries := d.Metric("momento_bridge_retries_total", ""); retries > most {
				t.Errorf("%g messages had to be tried again, want at most %g", retries, most)
			}
		})
	}
}

// nginx, as an independent endpoint, closes each connection after 100 requests.
func TestRealServerThatClosesAfterManyRequestsFailsNoMessage(t *testing.T) {
	t.Parallel()
	s := startNginx(t, "keepalive_requests 100; "+nginxAccepts)
	n := startNATS(t)
	n.stream("S", "s.>")
	d := startDaemon(t, settings{
		nats: n.Address, endpoint: s.url(false), momento: "  connections: 8",
		route: ", ordering: none",
	}.write(t))
	messages := pick(1500, 5000, 5000)
	n.publish(0, messages)
	d.awaitPublished(messages, 2*patience)
	log, err := os.ReadFile(filepath.Join(s.dir, "access"))
	if err != nil {
		t.Fatal(err)
	}
	got, ambiguous := strings.Count(string(log), "\n"), d.ambiguous()
	retries, connections := d.Metric("momento_bridge_retries_total", ""),
		d.Metric("momento_bridge_connections_opened_total", "")
	t.Logf("nginx answered %d requests for %d messages on %g connections, %d ambiguous, %g tried again", got, messages,
		connections, ambiguous, retries)
	// What comes after the announced end of a connection is not processed, and sent again.
	unsent := connections * float64(pipelined()-1)
	if got < messages || got > messages+ambiguous || retries > unsent {
		t.Errorf("%d requests, %d ambiguous, %g messages tried again", got, ambiguous, retries)
	}
}

// A TLS endpoint takes connections and never says a word.
func TestStalledHandshakeLosesNothing(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	url := rawEndpoint(t, func(conn net.Conn, _ int) { _, _ = io.Copy(io.Discard, conn) })
	d := startDaemon(t, settings{
		nats: n.Address, endpoint: strings.Replace(url, "http:", "https:", 1),
		momento: "  timeout: 300ms",
	}.write(t))
	n.publish(0, 100)
	lab.Eventually(t, patience, "the endpoint is taken for down", func() bool {
		status, body := d.Get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "endpoint: down")
	})
	if status, _ := d.Get("/livez"); status != http.StatusOK {
		t.Errorf("/livez = %d while the endpoint stalls, want 200", status)
	}
	d.mustStop()
	e := startEndpoint(t, nil)
	startDaemon(t, settings{nats: n.Address, endpoint: e.url}.write(t))
	e.await(100, 5*patience)
	if _, duplicates := e.sums(); duplicates != 0 {
		t.Errorf("%d duplicates, want none: nothing was ever sent", duplicates)
	}
}
