package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// network is what a racer sees: a name service and hosts, on virtual time.
type network struct {
	t     *testing.T
	began time.Time

	mu      sync.Mutex // Guards the following.
	names   []string   // What the name has for addresses.
	nameErr error
	delay   time.Duration            // Of the name service.
	answers map[string]time.Duration // When an address answers; never if that is negative. Others refuse.
	lookups []time.Duration          // When the name service was asked, and the addresses were.
	dialled []string
	open    atomic.Int32 // Connections.
}

// newNetwork returns a network and a racer to "host:443" in it.
func newNetwork(t *testing.T, names ...string) (*network, *racer) {
	t.Helper()
	n := &network{t: t, began: time.Now(), names: names, answers: map[string]time.Duration{}}
	t.Cleanup(func() {
		if open := n.open.Load(); open != 0 {
			t.Errorf("%d connections are left open", open)
		}
	})
	r := newRacer("host:443")
	r.addresses.lookup, r.dial = n.lookup, n.dial
	return n, r
}

func (n *network) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	n.lookups = append(n.lookups, time.Since(n.began))
	names, err, delay := n.names, n.nameErr, n.delay
	n.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return nil, &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true}
	}
	var found []netip.Addr
	for _, name := range names {
		found = append(found, netip.MustParseAddr(name))
	}
	return found, err
}

func (n *network) dial(ctx context.Context, address string) (net.Conn, error) {
	failed := func(err error) (net.Conn, error) {
		to := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: to, Err: err}
	}
	n.mu.Lock()
	n.dialled = append(n.dialled, fmt.Sprintf("%v %s", time.Since(n.began), address))
	delay, ok := n.answers[address]
	n.mu.Unlock()
	if !ok {
		return failed(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	var answer <-chan time.Time
	if delay >= 0 {
		answer = time.After(delay)
	}
	select {
	case <-answer:
		n.open.Add(1)
		conn, other := net.Pipe()
		return &countedConn{conn, other, n}, nil
	case <-ctx.Done():
		return failed(os.ErrDeadlineExceeded)
	}
}

// countedConn is a connection that its network counts as long as it is open.
type countedConn struct {
	net.Conn
	other   net.Conn
	network *network
}

func (c *countedConn) Close() error {
	c.network.open.Add(-1)
	c.other.Close()
	return c.Conn.Close()
}

// connect lets a racer connect within a time, and returns to which address, how long it took, and why not.
func (n *network) connect(r *racer, within time.Duration) (string, time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	began := time.Now()
	conn, address, err := r.connect(ctx)
	took := time.Since(began)
	if conn != nil {
		conn.Close()
		r.addresses.settle(address, true)
	}
	return address, took, err
}

// expect connects and compares.
func (n *network) expect(r *racer, address string, took time.Duration) {
	n.t.Helper()
	got, after, err := n.connect(r, 5*time.Second)
	if got != address || after != took || err != nil {
		n.t.Errorf("%q answers after %v (%v), want %q after %v", got, after, err, address, took)
	}
}

func TestAddressThatSwallowsCostsOneDelayOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, r := newNetwork(t, "10.0.0.1", "10.0.0.2")
		n.answers["10.0.0.1:443"], n.answers["10.0.0.2:443"] = -1, 10*time.Millisecond
		n.expect(r, "10.0.0.2:443", raceDelay+10*time.Millisecond)
		n.expect(r, "10.0.0.2:443", 10*time.Millisecond)
		time.Sleep(time.Minute) // The name is looked up again.
		n.expect(r, "10.0.0.2:443", 10*time.Millisecond)
	})
}

func TestNextAddressIsTriedAtOnceAfterAFailureAndElseAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, r := newNetwork(t, "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5")
		n.answers["10.0.0.2:443"], n.answers["10.0.0.4:443"] = -1, 500*time.Millisecond
		n.answers["10.0.0.5:443"] = time.Hour
		n.expect(r, "10.0.0.4:443", 700*time.Millisecond)
		want := []string{
			"0s 10.0.0.1:443", "0s 10.0.0.2:443", "200ms 10.0.0.3:443", "200ms 10.0.0.4:443", "400ms 10.0.0.5:443",
		}
		if !slices.Equal(n.dialled, want) {
			t.Errorf("tried %q, want %q", n.dialled, want)
		}
	})
}

// The first of two answers when the second has, too.
func TestConnectionsThatLoseAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, r := newNetwork(t, "10.0.0.1", "10.0.0.2")
		late := make(chan struct{})
		dial := r.dial
		r.dial = func(ctx context.Context, address string) (net.Conn, error) {
			conn, err := dial(context.WithoutCancel(ctx), address) // It does not notice that it is cancelled.
			if address == "10.0.0.1:443" {
				close(late)
			}
			return conn, err
		}
		n.answers["10.0.0.1:443"], n.answers["10.0.0.2:443"] = 300*time.Millisecond, 10*time.Millisecond
		n.expect(r, "10.0.0.2:443", 300*time.Millisecond)
		<-late
	})
}

func TestFailureToConnectNamesTheAddressesAndIsBounded(t *testing.T) {
	f := func(want string, within time.Duration, answers map[string]time.Duration, names ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			n, r := newNetwork(t, names...)
			n.answers = answers
			_, took, err := n.connect(r, time.Second)
			if err == nil || err.Error() != want || took != within {
				t.Errorf("after %v: %v, want %q after %v", took, err, want, within)
			}
			if (within == 0) != errors.Is(err, syscall.ECONNREFUSED) || (within > 0) != isTimeout(err) {
				t.Errorf("%v does not unwrap", err)
			}
		})
	}
	f("dial tcp 10.0.0.1:443: connect: connection refused", 0, nil, "10.0.0.1")
	f("dial tcp [2001:db8::1]:443: connect: connection refused; dial tcp 10.0.0.1:443: connect: connection refused", 0,
		nil, "2001:db8::1", "10.0.0.1")
	f("dial tcp 10.0.0.1:443: i/o timeout; dial tcp 10.0.0.2:443: i/o timeout", time.Second,
		map[string]time.Duration{"10.0.0.1:443": -1, "10.0.0.2:443": -1}, "10.0.0.1", "10.0.0.2")
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("10.0.0.%d", i))
	}
	f("dial tcp 10.0.0.0:443: connect: connection refused; dial tcp 10.0.0.1:443: connect: connection refused; "+
		"dial tcp 10.0.0.2:443: connect: connection refused; dial tcp 10.0.0.3:443: connect: connection refused; "+
		"and 96 more addresses", 0, nil, many...)
}

func TestFamiliesAreTriedByTurns(t *testing.T) {
	f := func(found, want string) {
		t.Helper()
		n, r := newNetwork(t, strings.Fields(found)...)
		_, _, _ = n.connect(r, time.Second)
		var got []string
		for _, one := range n.dialled {
			host, _, _ := net.SplitHostPort(one[strings.IndexByte(one, ' ')+1:])
			got = append(got, host)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s are tried as %s, want %s", found, got, want)
		}
	}
	synctest.Test(t, func(*testing.T) {
		f("::1 ::2 ::3 10.0.0.1 10.0.0.2", "::1 10.0.0.1 ::2 10.0.0.2 ::3")
		f("10.0.0.1 10.0.0.2 ::1", "10.0.0.1 ::1 10.0.0.2")
		f("10.0.0.1 ::ffff:10.0.0.1 10.0.0.1", "10.0.0.1")
		f("fe80::1%lo", "fe80::1%lo")
	})
}

func TestDialsShareOneLookupAndItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, r := newNetwork(t, "10.0.0.1")
		n.answers["10.0.0.1:443"], n.delay = 0, 100*time.Millisecond
		together := func() {
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() { n.expect(r, "10.0.0.1:443", n.delay) })
			}
			all.Wait()
		}
		together()
		n.delay = 0
		together()
		time.Sleep(dnsCache - 100*time.Millisecond)
		together()
		time.Sleep(100 * time.Millisecond)
		together()
		if want := []time.Duration{0, dnsCache + 100*time.Millisecond}; !slices.Equal(n.lookups, want) {
			t.Errorf("looked up at %v, want %v", n.lookups, want)
		}
	})
}

func TestWhoHasNoTimeSpoilsNoLookupForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, r := newNetwork(t, "10.0.0.1")
		n.answers["10.0.0.1:443"], n.delay = 0, 100*time.Millisecond
		var hasty sync.WaitGroup
		hasty.Go(func() {
			_, took, err := n.connect(r, 30*time.Millisecond)
			timeout, ok := errors.AsType[*net.DNSError](err)
			if !ok || !timeout.IsTimeout || took != 30*time.Millisecond {
				t.Errorf("after %v: %v, want a timeout of the name service", took, err)
			}
		})
		synctest.Wait()
		n.expect(r, "10.0.0.1:443", 130*time.Millisecond)
		hasty.Wait()
	})
}

func TestOldAddressesServeForAWhileWhenTheNameServiceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, r := newNetwork(t, "10.0.0.1")
		n.answers["10.0.0.1:443"] = 0
		n.expect(r, "10.0.0.1:443", 0)
		n.names, n.nameErr = nil, &net.DNSError{Err: "server misbehaving", Name: "host", IsTemporary: true}
		time.Sleep(dnsCache)
		for range 20 {
			n.expect(r, "10.0.0.1:443", 0)
		}
		if len(n.lookups) != 2 {
			t.Errorf("looked up %d times, want once more", len(n.lookups))
		}
		n.delay = time.Minute // It does not answer at all.
		time.Sleep(time.Minute)
		n.expect(r, "10.0.0.1:443", dnsPatience)
		time.Sleep(dnsStale - time.Minute - dnsCache - dnsPatience - time.Nanosecond)
		n.expect(r, "10.0.0.1:443", dnsPatience)
		n.delay = 0
		time.Sleep(time.Minute)
		if _, _, err := n.connect(r, time.Second); !errors.Is(err, n.nameErr) {
			t.Errorf("after a long time: %v, want %v", err, n.nameErr)
		}
		n.names, n.nameErr = []string{"10.0.0.2"}, nil
		n.answers["10.0.0.2:443"] = 0
		n.expect(r, "10.0.0.2:443", 0)
	})
}

// Somewhere a machine takes connections and does nothing with them.
func TestAddressOfNoUseIsTheLastToBeTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, r := newNetwork(t, "10.0.0.1", "10.0.0.2")
		n.answers["10.0.0.1:443"], n.answers["10.0.0.2:443"] = 0, 0
		n.expect(r, "10.0.0.1:443", 0)
		r.addresses.settle("10.0.0.1:443", false)
		n.expect(r, "10.0.0.2:443", 0)
		time.Sleep(time.Minute)
		n.expect(r, "10.0.0.2:443", 0)
		r.addresses.settle("10.0.0.1:443", false) // A connection from before.
		n.expect(r, "10.0.0.2:443", 0)
	})
}

func TestNameWithoutAddressesIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, r := newNetwork(t)
		_, _, err := n.connect(r, time.Second)
		if missing, ok := errors.AsType[*net.DNSError](err); !ok || !missing.IsNotFound {
			t.Errorf("connect = %v, want no such host", err)
		}
	})
}

// An endpoint given by its address, and a name with one, are dialled where the caller is, and the former is not
// looked up.
func TestOneAddressTakesNoGoroutine(t *testing.T) {
	for host, lookups := range map[string]int{"10.0.0.1": 0, "[2001:db8::1]": 0, "host": 1} {
		synctest.Test(t, func(t *testing.T) {
			n, r := newNetwork(t, "10.0.0.1")
			r.addresses = newAddresses(host + ":443")
			r.addresses.lookup = n.lookup
			r.dial = func(context.Context, string) (net.Conn, error) {
				if !strings.Contains(string(debug.Stack()), "TestOneAddressTakesNoGoroutine") {
					t.Error("another goroutine dials")
				}
				return nil, io.EOF
			}
			if _, _, err := n.connect(r, time.Second); !errors.Is(err, io.EOF) || len(n.lookups) != lookups {
				t.Errorf("%s: %v after %d look-ups, want %d", host, err, len(n.lookups), lookups)
			}
		})
	}
}
