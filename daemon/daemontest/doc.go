// Package daemontest has what tests of the running bridge share: a NATS server, an endpoint, a service manager, and a
// daemon's admin listener as one asks it. Only tests import it.
package daemontest
