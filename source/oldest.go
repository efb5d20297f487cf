package source

import (
	"fmt"

	"github.com/nats-io/nats.go"
)

// oldestServer is the oldest release of nats-server, 2.10, that the tests of docs/support.md run with.
const oldestServer = 10

// OldServer says that the server which a connection is to is older than any that the bridge is tested with, and what to
// do; empty if it is not, or if there is no connection.
func OldServer(conn *nats.Conn) string {
	if !versionOf(conn).before(oldestServer) {
		return ""
	}
	return fmt.Sprintf("nats-server %s is older than 2.%d, the oldest that the bridge is tested with: update the "+
		"server", conn.ConnectedServerVersion(), oldestServer)
}
