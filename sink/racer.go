package sink

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// raceDelay is how long an address may take to answer before the next one is tried beside it.
const raceDelay = 200 * time.Millisecond

// racer opens TCP connections to one host and port. It may be used concurrently.
//
// fasthttp's TCPDialer tries one address after the other, each until the time is over, so that it cannot race.
type racer struct {
	addresses *addresses
	dial      func(ctx context.Context, address string) (net.Conn, error) // It returns soon when ctx is done.
}

// newRacer returns a racer to "host:port".
func newRacer(addr string) *racer {
	return &racer{addresses: newAddresses(addr), dial: dialTCP}
}

func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

// connect opens a connection to the first address that answers, by the time ctx is done, and tells which. What
// becomes of the connection is to be told to addresses.settle.
func (r *racer) connect(ctx context.Context) (net.Conn, string, error) {
	list, err := r.addresses.get(ctx)
	if err != nil {
		return nil, "", err
	}
	if len(list) > 1 {
		return r.race(ctx, list)
	}
	conn, err := r.dial(ctx, list[0])
	return conn, list[0], err
}

// attempt is what came of an address.
type attempt struct {
	i    int // In the list.
	conn net.Conn
	err  error
}

// race begins with the first address, and with a next one each raceDelay, or at once when one has failed. It returns
// when all attempts have ended: those that are no longer wanted are cancelled.
func (r *racer) race(ctx context.Context, list []string) (net.Conn, string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan attempt)
	next := time.NewTimer(raceDelay)
	defer next.Stop()
	var won attempt
	failures := make([]error, len(list)) // In the list's order.
	begun, running := 0, 0
	begin := func() {
		if begun == len(list) || ctx.Err() != nil {
			return
		}
		i := begun
		begun++
		running++
		next.Reset(raceDelay)
		go func() {
			conn, err := r.dial(ctx, list[i])
			ended <- attempt{i, conn, err}
		}()
	}
	for begin(); running > 0; {
		select {
		case <-next.C:
			begin()
		case a := <-ended:
			running--
			switch {
			case a.err != nil:
				failures[a.i] = a.err
				begin()
			case won.conn == nil:
				won = a
				cancel()
			default:
				_ = a.conn.Close()
			}
		}
	}
	switch {
	case won.conn != nil:
		return won.conn, list[won.i], nil
	case begun == 0:
		return nil, "", context.Cause(ctx)
	}
	return nil, "", addressesError(failures[:begun])
}

// addressesError is why no address has answered.
type addressesError []error

// mostNamed is how many addresses an error names.
const mostNamed = 4

func (e addressesError) Error() string {
	var texts []string
	for _, err := range e[:min(mostNamed, len(e))] {
		texts = append(texts, err.Error())
	}
	if more := len(e) - mostNamed; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more addresses", more))
	}
	return strings.Join(texts, "; ")
}

func (e addressesError) Unwrap() []error { return e }
