package pipeline

// Routes share a quota by deficit round robin: in its turn at the front of the ring a route may spend its weight, in units of the largest cost
// of a publish. What it spends beyond that is missing in its next turn, what it does not spend is lost when it has nothing to publish.

// turn reports whether the route at the front of the ring has credit left, after giving it what its next turn is worth if it has none.
func (d *dispatcher) turn(r *Route) bool {
	if r.credit > 0 {
		return true
	}
	r.credit += r.weight * max(1, d.largest)
	return r.credit > 0
}

// charge takes what a publish of the route at the front of the ring has cost, and ends its turn when its credit is used up.
func (d *dispatcher) charge(r *Route, cost float64) {
	d.largest = max(d.largest, cost)
	r.credit -= cost
	if r.credit <= 0 {
		d.active.pushBack(d.active.popFront())
	}
}
