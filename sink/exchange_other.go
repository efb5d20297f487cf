//go:build !unix

package sink

// exchange writes a request and then reads.
type exchange struct{ virtual Virtual }

func (x *exchange) init(c *conn) { x.virtual, _ = c.Conn.(Virtual) }

func (x *exchange) do(c *conn, b []byte) (int, error) {
	if x.virtual != nil {
		return exchangeVirtual(c, x.virtual, b)
	}
	c.flush()
	return c.Conn.Read(b)
}

// look cannot read without waiting: what comes is seen by the read that waits for it.
func (x *exchange) look(_ *conn, b []byte) (int, error) {
	if x.virtual != nil {
		return lookVirtual(x.virtual, b)
	}
	return 0, errNotYet
}

// glance is called of virtual connections alone: no other read parks.
func (x *exchange) glance() bool { return x.virtual == nil || x.virtual.Pending() }
