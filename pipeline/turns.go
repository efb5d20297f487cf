package pipeline

// Routes share a quota by deficit round robin. In its turn at the front of the ring a route may spend its weight times
// the largest cost of a publish. What it spends beyond that is missing in its next turn. What it does not spend is lost
// once it has nothing to publish. Partitions of one name have turn and credit in common, whichever of them have
// something to publish.

// common is what the partitions of one name have in common; a route without has one for itself.
type common struct {
	weight float64 // Their share of the quota against other routes.
	credit float64 // What they may still spend in their turn.
	routes int
	active int // Those that are in the ring of routes.

	rejections int // Messages rejected by the endpoint since something was accepted.
}

// hasTurn reports whether the route at the front of the ring has credit. One without gets what a turn is worth.
func (d *dispatcher) hasTurn(r *Route) bool {
	t := r.common
	if t.credit > 0 {
		return true
	}
	t.credit += t.weight * max(1, d.largest) / float64(t.active)
	return t.credit > 0
}

// charge makes the route at the front of the ring pay for a publish. Its turn ends when its credit is used up.
func (d *dispatcher) charge(r *Route, cost float64) {
	d.largest = max(d.largest, cost)
	r.common.credit -= cost
	if r.common.credit <= 0 {
		d.active.pushBack(d.active.popFront())
	}
}

// trim removes lanes that can no longer publish from the front of the rings. It reports whether one is left that can.
func (r *Route) trim() bool {
	for r.ready.len() > 0 {
		l := r.ready.front()
		sendable := l.sendable()
		if sendable && (r.haltedSince.IsZero() || !l.refusedBefore()) {
			break
		}
		l.ready = false
		r.ready.popFront()
		if sendable && !l.again { // It would be in the way of lanes that have not been refused.
			l.again = true
			r.again.pushBack(l)
		}
	}
	for r.again.len() > 0 && !r.again.front().sendable() {
		r.again.popFront().again = false
	}
	return r.ready.len()+r.again.len() > 0
}

// lead returns the ring whose first lane is the next one; trim must have been called. Lanes that have not been refused
// mostly go first, because the others may fail again. While publishing is halted they always do, as the best probes.
func (r *Route) lead() *ring[*lane] {
	if r.again.n == 0 {
		return &r.ready
	}
	return r.leadAgain()
}

// leadAgain is lead where a lane is to be tried again.
func (r *Route) leadAgain() *ring[*lane] {
	if r.ready.len() == 0 || r.turns%againEvery == 0 && r.haltedSince.IsZero() {
		return &r.again
	}
	return &r.ready
}

// popLead takes the next lane out of its ring.
func (r *Route) popLead() *lane {
	lead := r.lead()
	l := lead.popFront()
	if lead == &r.again {
		l.again = false
	} else {
		l.ready = false
	}
	return l
}

// againEvery is the number of publishes among which one is a lane's that is tried again, while other lanes are ready.
const againEvery = 4
