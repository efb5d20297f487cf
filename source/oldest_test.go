package source

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
)

// pretend answers pings as a server that says it is of a release. It returns its URL.
func pretend(t *testing.T, release string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		server, err := ln.Accept()
		if err != nil {
			return
		}
		defer server.Close()
		fmt.Fprintf(server, `INFO {"server_id":"x","version":%q,"proto":1,"max_payload":1048576}`+"\r\n", release)
		for in := bufio.NewScanner(server); in.Scan(); {
			if strings.HasPrefix(in.Text(), "PING") {
				fmt.Fprint(server, "PONG\r\n")
			}
		}
	}()
	return "nats://" + ln.Addr().String()
}

func TestServerThatIsOlderThanAnyTestedOneIsToldOf(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]bool{
		"2.9.25": true, "2.10.0": false, "2.15.3": false, "3.0.0": false, "1.4.1": true, "unknown": false,
	} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			var log syncBuffer
			conn, err := Connect(ConnectConfig{URL: pretend(t, release)}, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			eventually(t, "connected", func() bool { return strings.Contains(log.String(), "connected to NATS") })
			const words = "is older than 2.10, the oldest that the bridge is tested with: update the server"
			if want { // It comes after that line.
				eventually(t, "told", func() bool {
					return strings.Contains(log.String(), "nats-server "+release+" "+words)
				})
			}
			if told := OldServer(conn) != ""; told != want || strings.Contains(log.String(), "is older") != want {
				t.Errorf("told of %s: %t, want %t; the log is\n%s", release, told, want, log.String())
			}
		})
	}
}
