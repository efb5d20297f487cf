package source

import (
	"slices"
	"sync"
	"sync/atomic"
)

// handedBack knows what the server was asked to deliver again and has not. The server delivers that before anything
// new, and in the order in which it was told. If it does not it has lost some of that, or had some to deliver again
// before, as renewals were lost: what is older comes later.
//
// Its methods may be called concurrently, also by whoever settles a message that the barrier lets go.
type handedBack struct {
	n         atomic.Int64
	mu        sync.Mutex // Guards the following.
	sequences []uint64   // Of the stream, in the order in which they were handed back.
}

// any reports whether there is something. It costs next to nothing.
func (h *handedBack) any() bool { return h.n.Load() > 0 }

func (h *handedBack) add(sequence uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(append(h.sequences, sequence))
}

func (h *handedBack) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(nil)
}

// set says what there is. The caller holds mu.
func (h *handedBack) set(sequences []uint64) {
	h.sequences = sequences
	h.n.Store(int64(len(sequences)))
}

// came is told of a delivery, and whether it was delivered before. It returns what is wrong with its order; empty:
// nothing is.
func (h *handedBack) came(sequence uint64, again bool) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch at := slices.Index(h.sequences, sequence); {
	case at == 0:
		h.set(h.sequences[1:])
	case at > 0:
		h.set(slices.Delete(h.sequences, at, at+1))
		return "what was handed back does not come in that order"
	case !again && len(h.sequences) > 0:
		return "what was handed back has not come before what is new"
	}
	return ""
}
