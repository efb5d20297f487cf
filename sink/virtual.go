package sink

import "net"

// Virtual is a connection of a simulated network. Like a TCP connection it says what has come without waiting for more,
// so that answers that nobody has asked for are noticed there, too. Its methods may be called concurrently.
type Virtual interface {
	net.Conn
	// Look reads what has come, or the end, without waiting. It returns 0 and nil if that is nothing.
	Look(b []byte) (int, error)
	// Pending reports whether Look would return something.
	Pending() bool
	// Await returns once Look would return something, or with the error of the read deadline.
	Await() error
}

// virtualAddress stands for an endpoint that is not on a network: no name is asked for.
const virtualAddress = "127.0.0.1:1"

// exchangeVirtual writes a request and reads what is answered first; see exchange.
func exchangeVirtual(c *conn, v Virtual, b []byte) (int, error) {
	c.flush()
	for {
		if n, err := readVirtual(c, v, b); n > 0 || err != nil {
			return n, err
		}
		if err := v.Await(); err != nil {
			return 0, err
		}
	}
}

// readVirtual reads what has come. If that is nothing, an idle connection is parked.
func readVirtual(c *conn, v Virtual, b []byte) (int, error) {
	if !c.idle {
		return v.Look(b)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := v.Look(b)
	c.parked = n == 0 && err == nil
	return n, err
}

// lookVirtual reads what has come, without waiting.
func lookVirtual(v Virtual, b []byte) (int, error) {
	n, err := v.Look(b)
	if n == 0 && err == nil {
		err = errNotYet
	}
	return n, err
}
