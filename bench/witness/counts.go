package main

import "fmt"

// judgeCounts compares what the daemon has counted with what the endpoint has: what is answered and not counted yet is
// in flight.
func (w *world) judgeCounts(o *observation) (all []contradiction) {
	for i := range o.before.Routes {
		r, after := &o.before.Routes[i], o.after.route(o.before.Routes[i].Name)
		base, known := o.moment.base[r.Name]
		if after == nil || !known || !o.calm {
			continue
		}
		say := func(text string, a, b any) {
			all = append(all, contradiction{"counts", "prob", r.Name, text, a, b})
		}
		had, has := o.had[r.Name], o.has[r.Name]
		for _, result := range []string{"204", "400", "401", "403", "404", "429", "5xx"} {
			least, most := had.answers[result]-base.answers[result], has.answers[result]-base.answers[result]
			if after.Attempts[result] > most+leftover || r.Attempts[result]+r.InFlight+leftover < least {
				say("the endpoint has counted another number of "+result, []int{least, most},
					fmt.Sprint(r.Attempts[result], ", ", r.InFlight, " in flight, then ", after.Attempts[result]))
			}
		}
		least, most := had.messages-base.messages, has.messages-base.messages
		if after.Settled["published"] > most+leftover || r.Settled["published"]+r.InFlight+leftover < least {
			say("the endpoint has accepted another number of messages", []int{least, most},
				fmt.Sprint(r.Settled["published"], ", ", r.InFlight, " in flight"))
		}
	}
	return all
}

// leftover is what a daemon that was killed may have left on its way to the endpoint, which is counted later.
const leftover = 0
