//go:build !unix

package sink

// exchange writes a request and then reads.
type exchange struct{}

func (*exchange) init(*conn) {}

func (*exchange) do(c *conn, b []byte) (int, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.TCPConn.Read(b)
}
