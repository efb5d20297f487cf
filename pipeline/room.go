package pipeline

import (
	"time"
)

// full reports whether a message of n bytes has no room. An empty route takes any message, so that none waits for ever.
func (r *Route) full(n int) bool {
	return r.holding() > 0 && (r.counted() >= r.most() || r.load()+int64(n) > r.mostLoad())
}

// roomy reports whether it is worth waking those who wait for room: not for every single message.
func (r *Route) roomy() bool {
	most, load := r.most(), r.mostLoad()
	return r.counted() <= most-max(1, most/8) && r.load() <= load-load/8
}

// left is the number of messages that have not ended.
func (r *Route) left() int { return r.queued + r.inFlight }

// counted is the number of messages that use up room. What is put aside does not, up to a bound: it may be there for
// long.
func (r *Route) counted() int { return r.holding() - min(r.aside, r.mostAside()) }

// mostAside is how many messages may be put aside.
func (r *Route) mostAside() int { return r.share / 2 }

// housed is how many of the parked messages have room of their own: one always, and up to half of the share.
func (r *Route) housed() int { return min(r.parked.n, max(1, r.share/2)) }

// housedBytes is housed for payload.
func (r *Route) housedBytes() int64 {
	if r.parked.n == 1 {
		return r.parked.bytes
	}
	return min(r.parked.bytes, r.maxBytes/2)
}

// holding is the number of messages that take room.
func (r *Route) holding() int { return r.left() - r.housed() }

// most is how many messages may take room.
func (r *Route) most() int { return max(1, min(r.limit, r.share-r.housed())) }

// load is the payload that takes room.
func (r *Route) load() int64 { return r.bytes - r.housedBytes() }

// mostLoad is how much payload may take room.
func (r *Route) mostLoad() int64 { return max(1, r.maxBytes-r.housedBytes(), r.maxBytes/2) }

// Limit changes how many messages a returnable route may hold, within its share of the queue.
func (r *Route) Limit(n int) {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.limit = max(1, min(n, r.share))
	r.wakeSource()
}

// chunk is the least that is worth asking the server for, as a share of the limit.
const chunk = 4

// Reserve sets aside all the room that the route has, for messages to be asked for from the server, and returns it:
// messages, and bytes of payload. Bytes are not set aside: half of what is free is returned, for two requests at the
// most. Each Submit uses up one message of the reservation; what will not come is given back with Release.
//
// It returns 0 when there is too little room, while publishing is halted for the route, and once the route is closed.
// Then Wake will tell when to ask again. A halted route gets room for messages to probe with, see probeRoom.
func (r *Route) Reserve() (messages int, bytes int64) {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.starved = true // Until there is room again.
	n, halted := r.unreserved(), !r.halted(time.Now()).IsZero()
	if halted {
		n = r.probeRoom()
	}
	if n <= 0 || r.closed || r.pipeline.d.stopped || !halted && !r.roomToReserve() {
		return 0, 0
	}
	if halted {
		r.credited = false
	}
	r.reserved += n
	if r.cfg.Overload == DropOldest {
		return n, max(1, r.maxBytes/2)
	}
	return n, max(1, (r.mostLoad()-r.load())/2)
}

// Release gives back room for messages that will not come.
func (r *Route) Release(messages int) {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.reserved = max(0, r.reserved-messages)
	if messages > 0 && !r.haltedSince.IsZero() { // What was to be probed with has not come.
		r.credited = true
		r.probeAsks()
	}
	r.wakeSource()
}

// Wake is sent to when it is worth calling Reserve again, and when publishing is halted for the route or goes on.
func (r *Route) Wake() <-chan struct{} { return r.wake }

// HandBack ends every queued message of a returnable route as Returned, in the order of each topic, but for one that
// probes go on with. It does so only while publishing is halted for the route. What is in flight is not touched.
func (r *Route) HandBack() {
	p := r.pipeline
	p.mu.Lock()
	if r.cfg.Returnable && !r.halted(time.Now()).IsZero() {
		p.d.endQueued(r, true)
	}
	p.unlock()
}

// Abandon ends every queued message of a returnable route as Returned: the server has forgotten that it delivered
// them. What is in flight is not touched.
func (r *Route) Abandon() {
	p := r.pipeline
	p.mu.Lock()
	p.d.endQueued(r, false)
	p.unlock()
}

// unreserved is the room for messages that nobody has been asked for. Where the oldest are dropped, there is always
// room for new ones.
func (r *Route) unreserved() int {
	if r.cfg.Overload == DropOldest {
		return r.limit - r.reserved
	}
	return r.most() - r.counted() - r.reserved
}

// roomToReserve reports whether there is so much room that asking is worth a request to the server.
func (r *Route) roomToReserve() bool {
	if r.cfg.Overload == DropOldest {
		return r.unreserved() >= max(1, r.limit/chunk)
	}
	return r.unreserved() >= max(1, r.most()/chunk) && r.load() <= r.mostLoad()-r.mostLoad()/chunk
}

// wakeSource wakes the source if it waits for room and there is enough.
func (r *Route) wakeSource() {
	if r.starved && r.roomToReserve() {
		r.starved = false
		r.signal()
	}
}

func (r *Route) signal() {
	select {
	case r.wake <- struct{}{}:
	default: // It has been woken and has not looked yet.
	}
}

// untried is how many messages the route holds that may be probed with and have not been.
func (r *Route) untried() int { return r.holding() - r.stuck }

// probeRoom is how many messages a halted route may ask for, to probe with: always one that is not among those that
// have failed, or behind them, after each probe in vain.
func (r *Route) probeRoom() int {
	free := r.share - r.left() - r.reserved
	switch {
	case r.holding()+r.reserved == 0:
		return min(1, free)
	case r.paused:
		return 0
	case r.pipeline.d.searching(r):
		return min(searchRoom-r.untried()-r.reserved, free)
	case r.credited:
		return min(1-r.untried()-r.reserved, free)
	}
	return 0
}

// probeAsks wakes the source of a halted route, which may want another message to probe with.
func (r *Route) probeAsks() {
	if !r.haltedSince.IsZero() && r.starved {
		r.starved = false
		r.signal()
	}
}
