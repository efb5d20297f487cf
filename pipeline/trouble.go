package pipeline

import (
	"log/slog"
	"time"
)

// Trouble is something that went wrong, counted where it happens, whatever of it is logged.
type Trouble struct {
	Text   string
	Route  string // Empty: it concerns all.
	Error  bool   // Otherwise it is a warning.
	Detail string // Of the latest, for people.
	Count  uint64
	First  time.Time
	Last   time.Time // When it happened last.
	Over   time.Time // Since when it is over; zero: it is not.
}

// overAfter is how long no message must have met a trouble for it to be over.
const overAfter = time.Minute

// troubles appends what has gone wrong since the start, that of partitions of one name as one. What lasts is over as
// soon as it no longer is so, what messages meet when none has for a while.
func (d *dispatcher) troubles(now time.Time, refusing bool, all []Trouble) []Trouble {
	for about, n := range d.events.noted {
		what := eventTexts[about.kind]
		if what.level < slog.LevelWarn || n.count == 0 {
			continue
		}
		switch lasting, holds := d.holds(now, about, refusing); {
		case holds:
			n.over = time.Time{}
		case !n.over.IsZero():
		case lasting:
			n.over = now
		case now.Sub(n.latest) >= overAfter:
			n.over = n.latest
		}
		t := Trouble{
			Text: what.text, Error: what.level >= slog.LevelError, Detail: n.said, Count: n.count, First: n.first,
			Last: n.latest, Over: n.over,
		}
		if about.route != nil {
			t.Route = about.route.cfg.Name
		}
		if about.kind == eventKeyRefused && d.events.keyAdvice != "" {
			t.Text += "; " + d.events.keyAdvice
		}
		all = addTrouble(all, &t)
	}
	return all
}

// addTrouble adds a trouble to those of the same kind and name.
func addTrouble(all []Trouble, t *Trouble) []Trouble {
	for i := range all {
		known := &all[i]
		if known.Text != t.Text || known.Route != t.Route {
			continue
		}
		known.Count += t.Count
		if t.First.Before(known.First) {
			known.First = t.First
		}
		if t.Last.After(known.Last) {
			known.Last, known.Detail = t.Last, t.Detail
		}
		switch {
		case known.Over.IsZero() || t.Over.IsZero():
			known.Over = time.Time{}
		case t.Over.After(known.Over):
			known.Over = t.Over
		}
		return all
	}
	return append(all, *t)
}

// holds reports whether a trouble is one that lasts, rather than one that messages meet, and whether it is so now.
func (d *dispatcher) holds(now time.Time, about subject, refusing bool) (lasting, holds bool) {
	r := about.route
	switch about.kind { //nolint:exhaustive // The others are about messages.
	case eventKeyRefused:
		return true, d.keyTold(now) && !d.keyMissing
	case eventEndpointDown:
		return true, d.endpoint.told(now, d.unsettled)
	case eventCacheMissing:
		return true, d.cacheTold(now, r.cache)
	case eventTopicForbidden:
		return true, r.toldForbidden(now) > 0
	case eventRouteForbidden:
		return true, r.gate.told(now, r.unsettled) && !r.distrusted()
	case eventRouteRejected:
		return true, r.gate.told(now, r.unsettled) && r.distrusted()
	case eventQuotaRefused:
		return true, refusing
	case eventDeadLetter:
		return true, r.unstored.gate.closed
	case eventSuspect:
		return true, r.aside > 0
	case eventLeftAlone:
		return true, d.anyLeftAlone(now, r)
	}
	return false, false
}

// anyLeftAlone reports whether the endpoint asks for a pause of the route, or of any where that is nil.
func (d *dispatcher) anyLeftAlone(now time.Time, r *Route) bool {
	for _, other := range d.routes {
		if (r == nil || r == other) && !d.leftAlone(now, other).until.IsZero() {
			return true
		}
	}
	return false
}
