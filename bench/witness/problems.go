package main

import (
	"strings"
	"time"
)

// told are problems that are counted as outcomes, too: a part of the text, and the outcomes.
var told = []struct {
	text     string
	outcomes []string
}{
	{"kept as a dead letter", []string{"dead_lettered"}},
	{"route has no dead_letter", []string{"rejected"}},
}

// over are problems that end, by a part of the text, and the state that is told meanwhile.
var over = map[string]string{
	"endpoint is down": "down", "refuses the API key": "key_refused", "not connected to NATS": "disconnected",
}

// counted compares problems with the outcomes that they are about. One is asked for after the other, so that each may
// only be what it was before or more.
func counted(o *observation) (all []contradiction) {
	say := func(route, text string, a, b any) {
		all = append(all, contradiction{"problems", "prob", route, text, a, b})
	}
	for i := range o.before.Problems {
		p := &o.before.Problems[i]
		if p.Count < 1 || p.First.After(p.Last) || p.Last.After(o.before.Now.Add(second)) {
			say(p.Route, "a problem's times are not in order: "+p.Text, p.First, p.Last)
		}
		for _, one := range told {
			before, after := o.before.route(p.Route), o.after.route(p.Route)
			if !strings.Contains(p.Text, one.text) || before == nil || after == nil {
				continue
			}
			least, most := 0, 0
			for _, outcome := range one.outcomes {
				least, most = least+before.Settled[outcome], most+after.Settled[outcome]
			}
			if later := o.after.problem(p); p.Count > most || later != nil && later.Count < least {
				say(p.Route, "a problem has another number than its outcome: "+p.Text, p.Count, []int{least, most})
			}
		}
	}
	return all
}

// problem returns the one that is the same.
func (s *status) problem(like *problem) *problem {
	for i := range s.Problems {
		if p := &s.Problems[i]; p.Text == like.Text && p.Route == like.Route {
			return p
		}
	}
	return nil
}

// judgeProblems says which problems are told as if they lasted, and do not.
func (w *world) judgeProblems(o *observation) (all []contradiction) {
	m := &o.moment
	if m.busy() || m.steady() < rebind || !o.calm {
		return nil
	}
	for i := range o.after.Problems {
		p := &o.after.Problems[i]
		if p.Over == nil {
			continue // A daemon that knows no end of a problem says none.
		}
		for text, state := range over {
			if strings.Contains(p.Text, text) && string(p.Over) == "null" && o.after.State != state {
				all = append(all, contradiction{
					"problems", "prob", p.Route, "a problem is over and not told so: " + text, string(p.Over),
					o.after.State,
				})
			}
		}
		var at time.Time
		if at.UnmarshalJSON(p.Over) == nil && !at.IsZero() && at.Before(p.First) {
			all = append(all, contradiction{
				"problems", "prob", p.Route, "a problem was over before it began: " + p.Text, at, p.First,
			})
		}
	}
	return all
}

// judgeLosses compares what was lost and kept since the daemon began with the truth, while nothing of it is on its way.
func (w *world) judgeLosses(o *observation) (all []contradiction) {
	m := &o.moment
	if m.lately(5*second, "poison", "large") || m.steady() < 5*second || !o.calm {
		return nil
	}
	for i := range w.routes {
		spec := &w.routes[i]
		r := o.after.route(spec.name)
		base, known := m.losses[spec.name]
		if r == nil || !known || !spec.counted() {
			continue
		}
		lost, dead := w.truth.losses(spec.name)
		lost, dead = lost-base.lost, dead-base.dead
		rejected, kept := r.Settled["rejected"], r.Settled["dead_lettered"]
		if _, ok := r.Settled["rejected"]; !ok {
			rejected = r.Settled["dropped"] - r.Skipped
		}
		// What the daemon before had refused and not acknowledged is refused again.
		again := 0
		if m.lives > 1 {
			again = 10
		}
		if outside(int64(rejected), lost, lost+again) {
			all = append(all, contradiction{"losses", "prob", spec.name, "another number is lost", rejected, lost})
		}
		if outside(int64(kept), dead, dead+again) {
			all = append(all, contradiction{"losses", "prob", spec.name, "another number is kept", kept, dead})
		}
	}
	return all
}

// judgeQuota compares the quota that is said to be learned with the endpoint's, once what is known is as young.
func (w *world) judgeQuota(o *observation) (all []contradiction) {
	m := &o.moment
	if len(o.after.Quotas) == 0 || !o.calm {
		return nil
	}
	q, is := &o.after.Quotas[0], w.endpoint.quota()
	if q.Learned > 0 && q.Age != nil {
		learned := m.at.Add(-time.Duration(*q.Age * float64(second)))
		since := later(w.endpoint.limited(), m.born)
		if learned.After(since.Add(known)) && (q.Learned > is*1.25+2 || q.Learned < is*.75-2) {
			all = append(all, contradiction{"quota", "fore", "", "another quota was learned", q.Learned, is})
		}
	}
	if q.Refusing && m.at.Sub(o.evidence().quota) > 30*second && m.at.Sub(o.evidence().accepted) < second {
		all = append(all, contradiction{
			"quota", "fore", "", "refusing, and nothing was refused for 30 s", q.Refusing,
			m.at.Sub(o.evidence().quota).Seconds(),
		})
	}
	return all
}
