package pipeline

import (
	"time"
)

// full reports whether a message of n bytes has no room. An empty route takes any message, so that none waits for ever.
func (r *Route) full(n int) bool {
	return r.occupied() > 0 && (r.used() >= r.maxOccupied() || r.occupiedBytes()+int64(n) > r.maxOccupiedBytes())
}

// roomForWaiters reports whether it is worth waking those who wait for room: not for every single message.
func (r *Route) roomForWaiters() bool {
	most, load := r.maxOccupied(), r.maxOccupiedBytes()
	return r.used() <= most-max(1, most/8) && r.occupiedBytes() <= load-load/8
}

// unsettled is the number of messages that have not ended.
func (r *Route) unsettled() int { return r.queued + r.inFlight }

// used is the number of messages that use up room. What is put aside does not, up to a bound: it may be there for
// long.
func (r *Route) used() int { return r.occupied() - min(r.aside, r.maxAside()) }

// maxAside is how many messages may be put aside.
func (r *Route) maxAside() int { return r.share / 2 }

// unstoredRoom is how many of the parked messages have room of their own: one always, and up to half of the share.
func (r *Route) unstoredRoom() int { return min(r.unstored.n, max(1, r.share/2)) }

// unstoredRoomBytes is housed for payload.
func (r *Route) unstoredRoomBytes() int64 {
	if r.unstored.n == 1 {
		return r.unstored.bytes
	}
	return min(r.unstored.bytes, r.maxBytes/2)
}

// occupied is the number of messages that take room.
func (r *Route) occupied() int { return r.unsettled() - r.unstoredRoom() }

// maxOccupied is how many messages may take room.
func (r *Route) maxOccupied() int { return max(1, min(r.maxMessages, r.share-r.unstoredRoom())) }

// occupiedBytes is the payload that takes room.
func (r *Route) occupiedBytes() int64 { return r.bytes - r.unstoredRoomBytes() }

// maxOccupiedBytes is how much payload may take room.
func (r *Route) maxOccupiedBytes() int64 {
	return max(1, r.maxBytes-r.unstoredRoomBytes(), r.maxBytes/2)
}

// Limit changes how many messages a returnable route may hold, within its share of the queue.
func (r *Route) Limit(n int) {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.maxMessages = max(1, min(n, r.share))
	r.wakeSource()
}

// minReserve is the least that is worth asking the server for, as a share of the limit.
const minReserve = 4

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
		r.mayProbe = false
	}
	r.reserved += n
	if r.cfg.Overload == DropOldest {
		return n, max(1, r.maxBytes/2)
	}
	return n, max(1, (r.maxOccupiedBytes()-r.occupiedBytes())/2)
}

// Release gives back room for messages that will not come.
func (r *Route) Release(messages int) {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.reserved = max(0, r.reserved-messages)
	if messages > 0 && !r.haltedSince.IsZero() { // What was to be probed with has not come.
		r.mayProbe = true
		r.wakeForProbe()
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
		return r.maxMessages - r.reserved
	}
	return r.maxOccupied() - r.used() - r.reserved
}

// roomToReserve reports whether there is so much room that asking is worth a request to the server.
func (r *Route) roomToReserve() bool {
	if r.cfg.Overload == DropOldest {
		return r.unreserved() >= max(1, r.maxMessages/minReserve)
	}
	return r.unreserved() >= max(1, r.maxOccupied()/minReserve) && r.occupiedBytes() <= r.maxOccupiedBytes()-r.maxOccupiedBytes()/minReserve
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
func (r *Route) untried() int { return r.occupied() - r.suspects }

// probeRoom is how many messages a halted route may ask for, to probe with: always one that is not among those that
// have failed, or behind them, after each probe in vain.
func (r *Route) probeRoom() int {
	free := r.share - r.unsettled() - r.reserved
	switch {
	case r.occupied()+r.reserved == 0:
		return min(1, free)
	case r.paused:
		return 0
	case r.pipeline.d.searching(r):
		return min(searchRoom-r.untried()-r.reserved, free)
	case r.mayProbe:
		return min(1-r.untried()-r.reserved, free)
	}
	return 0
}

// wakeForProbe wakes the source of a halted route, which may want another message to probe with.
func (r *Route) wakeForProbe() {
	if !r.haltedSince.IsZero() && r.starved {
		r.starved = false
		r.signal()
	}
}
