package admin

// The kinds of forecast of a route.
const (
	KeepingUp       = "keeping_up" // Nothing waits for longer than a moment.
	Drains          = "drains"     // What waits will be gone in DrainSeconds.
	Never           = "never"      // What waits does not become less.
	UnknownForecast = "unknown"
)

// Kind is the route's kind of forecast. An older daemon, which another one may ask, does not say it.
func (r *Route) Kind() string {
	switch {
	case r.ForecastKind != "":
		return r.ForecastKind
	case r.DrainSeconds == nil:
		return Never
	case *r.DrainSeconds > 0:
		return Drains
	}
	return KeepingUp
}

// Last is the route whose backlog is gone last, as far as is known. There must be one.
func Last(routes []Route) *Route {
	gravity := map[string]int{KeepingUp: 0, Drains: 1, UnknownForecast: 2, Never: 3}
	last := &routes[0]
	for i := range routes {
		r := &routes[i]
		switch a, b := gravity[r.Kind()], gravity[last.Kind()]; {
		case a > b, a == b && a == 1 && *r.DrainSeconds > *last.DrainSeconds:
			last = r
		}
	}
	return last
}
