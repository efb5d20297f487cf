//go:build !unix

package sink

// exchange writes a request and then reads.
type exchange struct{}

func (*exchange) init(*conn) {}

func (*exchange) do(c *conn, b []byte) (int, error) {
	c.flush()
	return c.TCPConn.Read(b)
}

// poll cannot look without waiting: what comes is seen by the read that waits for it.
func (*exchange) poll(*conn, []byte) (int, error) { return 0, errNotYet }
