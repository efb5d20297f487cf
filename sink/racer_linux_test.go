package sink

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

// swallow listens on any port of an address and drops who wants to connect: its queue is full.
func swallow(t *testing.T, ip [4]byte) (port int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: ip}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port = name.(*syscall.SockaddrInet4).Port
	address := netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(port)).String()
	for range 8 {
		conn, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("the queue takes everybody")
	return 0
}

// besideOneThatSwallows is a server on a port that the other address swallows on. What one of the addresses has free
// may be in use on the other one.
func besideOneThatSwallows(t *testing.T, ip [4]byte) (p *peer, port int) {
	t.Helper()
	for range 100 {
		port = swallow(t, ip)
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return servePeer(t, ln, nil), port
		}
	}
	t.Fatal("no port is free on both addresses")
	return nil, 0
}

func TestPublishesReachANameOfWhichOneAddressSwallows(t *testing.T) {
	p, port := besideOneThatSwallows(t, [4]byte{127, 0, 0, 2})
	m := newMomento(t, "http://two.example:"+strconv.Itoa(port), nil)
	m.dialer.tcp.addresses.lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}, nil
	}
	began := time.Now()
	for range 5 {
		answers := publishes(t, m, "x")
		c := p.accept()
		c.read(1)
		c.write(ok204)
		expectAnswer(t, answers, pipeline.Accept)
	}
	t.Logf("5 connections took %v", time.Since(began))
	if first := m.dialer.tcp.addresses.known[0]; !strings.HasPrefix(first, "127.0.0.1:") {
		t.Errorf("%s is the first to be tried", first)
	}
}
