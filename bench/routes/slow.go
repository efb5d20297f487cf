package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// slowBytes is how much a slow way passes on in a second.
const slowBytes = 8 << 20

// startSlow listens for clients of a server, and passes on to them what the server says slowly, so that it piles up
// there. It returns its URL, and what ends it.
func startSlow(server string) (url string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen: %w", err)
	}
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go passSlowly(client, strings.TrimPrefix(server, "nats://"))
		}
	}()
	return "nats://" + ln.Addr().String(), func() { _ = ln.Close() }, nil
}

func passSlowly(client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	const every = 5 * time.Millisecond
	for {
		if _, err := io.CopyN(client, server, slowBytes/int64(time.Second/every)); err != nil {
			return
		}
		time.Sleep(every)
	}
}
