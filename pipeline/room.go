package pipeline

import (
	"time"
)

// full reports whether a message of n bytes has no room. A route without messages takes any, however large, so that
// none waits for ever.
func (r *Route) full(n int) bool {
	return r.occupied() > 0 && (r.used() >= r.maxOccupied() || r.occupiedBytes()+int64(n) > r.maxOccupiedBytes())
}

// roomForWaiters reports whether an eighth of the room is free: waking the Submit calls that wait for every single
// message would cost too much.
func (r *Route) roomForWaiters() bool {
	most, load := r.maxOccupied(), r.maxOccupiedBytes()
	return r.used() <= most-max(1, most/8) && r.occupiedBytes() <= load-load/8
}

// unsettled is the number of messages that have not ended.
func (r *Route) unsettled() int { return r.queued + r.inFlight }

// used is the number of messages that use up room. Those that are put aside may be there for a long time: up to a bound
// they use up none.
func (r *Route) used() int { return r.occupied() - min(r.aside, r.maxAside()) }

// maxAside is how many messages can be put aside without using up room.
func (r *Route) maxAside() int { return r.share / 2 }

// unstoredRoom is how many messages whose dead letters cannot be stored have room of their own: always one, and no more
// than half of the share.
func (r *Route) unstoredRoom() int { return min(r.unstored.n, max(1, r.share/2)) }

// unstoredRoomBytes is unstoredRoom in bytes of payload.
func (r *Route) unstoredRoomBytes() int64 {
	if r.unstored.n == 1 {
		return r.unstored.bytes
	}
	return min(r.unstored.bytes, r.maxBytes/2)
}

// occupied is the number of messages without room of their own.
func (r *Route) occupied() int { return r.unsettled() - r.unstoredRoom() }

// maxOccupied is how many of those there may be.
func (r *Route) maxOccupied() int { return max(1, min(r.maxMessages, r.share-r.unstoredRoom())) }

// occupiedBytes is occupied in bytes of payload.
func (r *Route) occupiedBytes() int64 { return r.bytes - r.unstoredRoomBytes() }

// maxOccupiedBytes is maxOccupied in bytes of payload.
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

// minReserve is the part of its room that must be free before a source asks the server for more: a quarter.
const minReserve = 4

// Reserve sets aside the free room of the route for messages that the source is going to ask the server for. It returns
// how many messages, and how many bytes of payload, the source may ask for. The bytes are half of what is free and are
// not set aside, so that no more than two requests may be open at a time. Each Submit uses up one message of the
// reservation. The source gives back with Release what will not come.
//
// Reserve returns 0 when there is too little room, while publishing is halted for the route, and once the route is
// closed. Wake then says when to ask again. A halted route gets room for the messages that it probes with.
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

// Wake returns the channel that receives when it is worth calling Reserve again, and when publishing is halted for the
// route or goes on.
func (r *Route) Wake() <-chan struct{} { return r.wake }

// HandBack ends every queued message of a returnable route as Returned, in the order of each topic, except one that
// probes go on with. It does nothing unless publishing is halted for the route. It does not touch what is in flight.
func (r *Route) HandBack() {
	p := r.pipeline
	p.mu.Lock()
	if r.cfg.Returnable && !r.halted(time.Now()).IsZero() {
		p.d.endQueued(r, true)
	}
	p.unlock()
}

// Abandon ends every queued message of a returnable route as Returned, because the server has forgotten that it
// delivered them. It does not touch what is in flight.
func (r *Route) Abandon() {
	p := r.pipeline
	p.mu.Lock()
	p.d.endQueued(r, false)
	p.unlock()
}

// unreserved is the room that is neither used nor reserved. Where the oldest messages are dropped, new ones always have
// room.
func (r *Route) unreserved() int {
	if r.cfg.Overload == DropOldest {
		return r.maxMessages - r.reserved
	}
	return r.maxOccupied() - r.used() - r.reserved
}

// roomToReserve reports whether enough room is free to be worth a request to the server.
func (r *Route) roomToReserve() bool {
	if r.cfg.Overload == DropOldest {
		return r.unreserved() >= max(1, r.maxMessages/minReserve)
	}
	return r.unreserved() >= max(1, r.maxOccupied()/minReserve) &&
		r.occupiedBytes() <= r.maxOccupiedBytes()-r.maxOccupiedBytes()/minReserve
}

// wakeSource wakes the source if it waits for room and there is enough.
func (r *Route) wakeSource() {
	if r.starved && r.roomToReserve() {
		r.starved = false
		r.signal()
	}
}

// signal wakes the source. It does not block.
func (r *Route) signal() {
	select {
	case r.wake <- struct{}{}:
	default: // It has been woken and has not looked yet.
	}
}

// untried is how many messages the route has that have not been refused: the best ones to probe with.
func (r *Route) untried() int { return r.occupied() - r.suspects }

// probeRoom is how many messages a halted route may ask for to probe with. After each probe that failed it may ask for
// one that is not among those that have failed, nor behind them.
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

// wakeForProbe wakes the source of a halted route if it waits: it may want another message to probe with.
func (r *Route) wakeForProbe() {
	if !r.haltedSince.IsZero() && r.starved {
		r.starved = false
		r.signal()
	}
}
