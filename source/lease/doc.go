// Package lease keeps the leases of a process in a JetStream key-value bucket: the protocol is momento-bridge/lease.
//
// One goroutine, [Manager.Run], does all of it: it writes, takes what is answered, and watches the keys of the group.
// Only opening the bucket, which waits for answers, has a goroutine of its own meanwhile. The deadline of each lease is
// an atomic number, so that whoever publishes asks nobody.
//
// A holder that was frozen notices by itself, as it compares the deadline with the monotonic clock before each
// publish. On Linux that clock stands still while a virtual machine is suspended: then up to the rest of a lease is
// published after it goes on, although somebody else holds it.
//
// Without a bucket there are no leases. A replica that hears nobody older then carries its routes alone; see alone.go.
package lease
