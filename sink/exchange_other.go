//go:build !unix

package sink

// exchange writes a request and then reads.
type exchange struct{}

func (*exchange) init(*conn) {}

func (*exchange) do(c *conn, b []byte) (int, error) {
	c.flush()
	return c.TCPConn.Read(b)
}

// look cannot read without waiting: what comes is seen by the read that waits for it.
func (*exchange) look(*conn, []byte) (int, error) { return 0, errNotYet }

// glance is not called, as no read parks.
func (*exchange) glance() bool { return true }
