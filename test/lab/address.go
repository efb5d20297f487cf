package lab

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Addresses are given out from blocks of ports, each of which is one process's as long as that lives: it listens on the
// block's first port. They are below those that the system gives to whoever asks for any.
const (
	lowestPort, highestPort = 10_000, 30_000
	blockSize               = 50
)

var block struct {
	sync.Mutex                // Guards the following.
	next, end  int            // Ports that have not been given out.
	guards     []net.Listener // On the first ports of this process's blocks.
}

// FreeAddress returns a loopback address, host and port, that nobody listens on and that is returned once. No
// connection takes its port, and no other process gets it from here, before the program does that is to listen there,
// and while that is started again. It panics if none of a thousand is free.
func FreeAddress() string {
	block.Lock()
	defer block.Unlock()
	for range 1000 {
		if block.next == block.end {
			claimBlock()
			continue
		}
		ln := listen(block.next)
		block.next++
		if ln != nil {
			_ = ln.Close()
			return ln.Addr().String()
		}
	}
	panic("no port is free")
}

// claimBlock makes a block this process's, unless it is another one's.
func claimBlock() {
	first := lowestPort + blockSize*rand.IntN((highestPort-lowestPort)/blockSize)
	if guard := listen(first); guard != nil {
		block.guards = append(block.guards, guard)
		block.next, block.end = first+1, first+blockSize
	}
}

// listen returns nil if somebody else listens there.
func listen(port int) net.Listener {
	ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil
	}
	return ln
}
