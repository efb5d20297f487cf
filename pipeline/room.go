package pipeline

import (
	"time"
)

// LeastCharge is what a message counts in bytes at the least where messages are not counted: its place in memory costs
// something, however small it is.
const LeastCharge = 256

// charge is what n bytes of payload count for.
func (c *RouteConfig) charge(n int) int64 {
	if c.Drops {
		return int64(max(n, LeastCharge))
	}
	return int64(n)
}

// countsMessages reports whether the route's messages count against MaxMessages. Those that are lost without room do
// not, unless the route drops its oldest.
func (c *RouteConfig) countsMessages() bool { return !c.Drops || c.Overload == DropOldest }

// holding is what the route uses of the memory at present.
func (r *Route) holding() holding {
	h := holding{
		bytes:      r.occupiedBytes() + r.transitBytes,
		apartBytes: r.unstoredRoomBytes(),
	}
	if r.cfg.countsMessages() {
		h.messages, h.apartMessages = int64(r.used()), int64(r.unstoredRoom())
	}
	if r.cfg.Overload != DropOldest { // There the oldest make room for what comes.
		h.bytes += r.reservedBytes
		h.messages += int64(r.reserved)
	}
	return h
}

// full reports whether a message that counts n bytes has no room. A route without messages takes any, however large,
// so that none waits for ever.
func (r *Route) full(n int64) bool {
	if r.occupied() == 0 {
		return false
	}
	r.account()
	return r.roomMessages() < 1 || r.roomBytes() < n
}

// makeRoomFor makes room for a message that has come, as the route does in overload. It reports whether there is any.
func (d *dispatcher) makeRoomFor(now time.Time, r *Route, n int64) bool {
	if !r.full(n) {
		return true
	}
	r.claimRoom(r.roomMessages() < 1, r.roomBytes() < n)
	if r.cfg.Overload == Block {
		return !r.full(n)
	}
	d.makeRoom(now, r, n)
	// One at the least can always be queued, else the newest would be lost while older ones are in flight.
	return r.queued == 0 || !r.full(n)
}

// roomForWaiters reports whether Submit calls that wait are to be woken. An eighth of the room must be free: waking
// them for every single message would cost too much.
func (r *Route) roomForWaiters() bool {
	m := r.memory()
	if r.waiters == 0 {
		return m.messages.plenty() && m.bytes.plenty()
	}
	messages, bytes := r.roomMessages(), r.roomBytes()
	return r.occupied() == 0 || messages >= max(1, (r.counted.messages+messages)/8) &&
		bytes >= max(1, (r.counted.bytes+bytes)/8)
}

// unsettled is the number of messages that have not ended.
func (r *Route) unsettled() int { return r.queued + r.inFlight }

// used is the number of messages that use up room. Those that are put aside may be there for a long time: up to a bound
// they use up none.
func (r *Route) used() int { return r.occupied() - min(r.aside, r.maxAside()) }

// maxAside is how many messages can be put aside without using up room.
func (r *Route) maxAside() int { return r.share / 2 }

// unstoredRoom is how many messages whose dead letters cannot be stored have room of their own: always one, and no more
// than half of an equal share.
func (r *Route) unstoredRoom() int { return min(r.unstored.n, max(1, r.share/2)) }

// unstoredRoomBytes is unstoredRoom in bytes.
func (r *Route) unstoredRoomBytes() int64 {
	if r.unstored.n == 1 {
		return r.unstored.bytes
	}
	return min(r.unstored.bytes, r.shareBytes/2)
}

// occupied is the number of messages without room of their own.
func (r *Route) occupied() int { return r.unsettled() - r.unstoredRoom() }

// occupiedBytes is occupied in bytes.
func (r *Route) occupiedBytes() int64 { return r.bytes - r.unstoredRoomBytes() }

// Limit changes how many messages a returnable route may hold, within the memory.
func (r *Route) Limit(n int) {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.maxMessages = max(1, min(n, r.pipeline.cfg.MaxMessages))
	r.roomChanged()
}

// minReserve is the part of its room that must be free before a source asks the server for more: a quarter.
const minReserve = 4

// reservation is what is set aside for one request.
type reservation struct {
	messages, bytes               int64 // Of which nothing has come yet.
	grantedMessages, grantedBytes int64
	came                          int64 // Messages.
}

// Reserve sets room aside for messages that the source is going to ask the server for. It returns how many messages,
// and how many bytes of payload, the request may ask for. Both are set aside until they have come or are given back.
// Each Submit uses up one message, and its bytes, of the oldest request; once all messages of a request have come, or
// are given back with Release, its bytes are free again. So a request that the server ends because its bytes are used
// up is given back as the messages that have not come.
//
// What a route gets begins with what it is sure of, and is doubled each time that half of it has come: so idle routes
// leave the memory to others. Of the bytes a request gets half of what is free, so that another one may be open.
//
// Reserve returns 0 when there is too little room, while publishing is halted for the route, and once the route is
// closed. Wake then says when to ask again. A halted route gets room for the messages that it probes with.
func (r *Route) Reserve() (messages int, bytes int64) {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.starved = true // Until there is room again.
	if r.closed || r.away != 0 || r.pipeline.d.stopped {
		return 0, 0
	}
	r.account()
	if !r.halted(time.Now()).IsZero() {
		if messages = r.probeRoom(); messages <= 0 {
			return 0, 0
		}
		r.mayProbe = false
		return r.setAside(messages, max(1, r.roomBytes()/2))
	}
	if shortMessages, shortBytes := r.shortOf(); shortMessages > 0 || shortBytes > 0 {
		r.claimRoom(shortMessages > 0, shortBytes > 0)
		r.memory().awaitRoom(r)
		return 0, 0
	}
	r.memory().forgetHungry(r)
	n, size := r.unreserved()
	return r.setAside(int(min(n, r.window)), max(1, min(size/2, r.windowBytes)))
}

// setAside notes a request.
func (r *Route) setAside(messages int, bytes int64) (int, int64) {
	n := int64(messages)
	r.requests = append(r.requests, reservation{
		messages: n, grantedMessages: n, bytes: bytes, grantedBytes: bytes,
	})
	r.reserved += messages
	r.reservedBytes += bytes
	r.justAsked = true
	r.account()
	return messages, bytes
}

// Release gives back room for messages that will not come: of the oldest request, or of the newest if nothing has come
// since it was made.
func (r *Route) Release(messages int) {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	if n := len(r.requests); r.justAsked && n > 0 && int64(messages) < r.requests[n-1].messages {
		r.requests[n-1].messages -= int64(messages)
		r.requests[n-1].grantedMessages -= int64(messages)
		r.reserved -= messages
	} else {
		r.unreserve(messages, false, 0)
	}
	if messages > 0 && !r.haltedSince.IsZero() { // What was to be probed with has not come.
		r.mayProbe = true
		r.wakeForProbe()
	}
	r.roomChanged()
}

// unreserve uses up some of what is set aside, the oldest first. came says that these messages have come, with so many
// bytes.
func (r *Route) unreserve(messages int, came bool, bytes int64) {
	r.justAsked = false
	for left := int64(messages); left > 0 && len(r.requests) > 0; {
		q := &r.requests[0]
		n := min(left, q.messages)
		left -= n
		q.messages -= n
		r.reserved -= int(n)
		if came {
			used := min(bytes, q.bytes)
			q.bytes -= used
			r.reservedBytes -= used
			q.came += n
		}
		if q.messages == 0 {
			r.endRequest()
		}
	}
}

// endRequest forgets the oldest request, and learns from it how much to ask for.
func (r *Route) endRequest() {
	q := r.requests[0]
	r.requests = append(r.requests[:0], r.requests[1:]...)
	r.reservedBytes -= q.bytes
	r.window = r.memory().messages.window(r.window, r.parts, 2*q.came >= q.grantedMessages)
	r.windowBytes = r.memory().bytes.window(r.windowBytes, r.parts, 2*q.bytes <= q.grantedBytes)
}

// window returns how much to ask for next time, after so much, of which half or more was used, or not.
func (b *budget) window(last, parts int64, used bool) int64 {
	if used {
		return min(2*last, b.total)
	}
	return max(last/2, b.surePart(parts))
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

// unreserved is the room that is neither used nor set aside. Where the oldest messages are dropped, new ones always
// have room.
func (r *Route) unreserved() (messages, bytes int64) {
	messages, bytes = r.roomMessages(), r.roomBytes()
	if r.cfg.Overload == DropOldest {
		return r.counted.messages + messages - int64(r.reserved), r.counted.bytes + bytes
	}
	return messages, bytes
}

// shortOf is how much more room must be free to be worth a request to the server. Neither is above zero if there is
// enough.
func (r *Route) shortOf() (messages, bytes int64) {
	n, size := r.unreserved()
	most := min(r.window, int64(r.maxMessages), r.counted.messages+r.roomMessages())
	messages = max(1, most/minReserve) - n
	if r.cfg.Overload == DropOldest {
		return messages, 0
	}
	return messages, max(1, min(r.windowBytes, r.counted.bytes+size)/minReserve) - size
}

// roomToReserve reports whether enough room is free to be worth a request to the server.
func (r *Route) roomToReserve() bool {
	messages, bytes := r.shortOf()
	return messages <= 0 && bytes <= 0
}

// roomChanged must be called after what the route uses has changed: it wakes those who wait for room.
func (r *Route) roomChanged() {
	r.account()
	r.wakeSource()
	r.memory().wakeHungry()
	if d := &r.pipeline.d; d.waiters > 0 && r.roomForWaiters() {
		d.roomMade = true
	}
}

// wakeSource wakes the source if it waits for room and there is enough.
func (r *Route) wakeSource() {
	if r.starved && r.roomToReserve() {
		r.starved = false
		r.memory().forgetHungry(r)
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
	if r.occupied()+r.reserved == 0 {
		return 1
	}
	// The limit is for times when messages are published.
	free := int(r.memory().messages.room(r.counted.messages, r.messageStake, r.parts))
	switch {
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
