package source

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"time"
)

// dialer opens connections to a NATS server within a time, which includes asking for its addresses: nats.go holds its
// mutex meanwhile, so that whoever publishes or asks for the state of the connection waits. A name may stand for
// several servers: they are tried in any order.
type dialer struct {
	timeout time.Duration
	api     API                                             // Kept here for apiOf.
	other   func(network, address string) (net.Conn, error) // Connects instead; nil: nothing does.
}

func (d dialer) jetStream() API { return d.api }

// Dial implements nats.CustomDialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	if d.other != nil {
		return d.other(network, address)
	}
	ctx, cancel := context.WithTimeout(context.Background(), d.timeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	one := net.Dialer{Timeout: d.timeout / time.Duration(len(found))}
	for _, address := range found {
		var conn net.Conn
		if conn, err = one.DialContext(ctx, network, net.JoinHostPort(address, port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
