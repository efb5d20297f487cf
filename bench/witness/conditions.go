package main

import "fmt"

// flags are metrics that are 1 while the daemon is in a state, unless a graver one is told.
var flags = []struct {
	metric string
	value  float64 // While it is so.
	state  string
}{
	{"endpoint_down", 1, "down"},
	{"api_key_refused", 1, "key_refused"},
	{"nats_connected", 0, "disconnected"},
}

// conditions compares what is said of the daemon as a whole with the metrics.
func conditions(o *observation) (all []contradiction) {
	say := func(text string, a, b any) {
		all = append(all, contradiction{"metrics", "prob", "", text, a, b})
	}
	if o.before.State != o.after.State {
		return nil
	}
	for _, f := range flags {
		is := o.metrics.sum(f.metric) == f.value
		if is && rank(o.after.State) > rank(f.state) || !is && o.after.State == f.state {
			say("/metrics: "+f.metric+" is not what the state says", o.metrics.sum(f.metric), o.after.State)
		}
	}
	for i := range o.before.Quotas {
		if i >= len(o.after.Quotas) {
			break
		}
		a, b := &o.before.Quotas[i], &o.after.Quotas[i]
		learned := o.metrics.sum("rate_limit_learned", fmt.Sprintf("scope=%q", a.Scope))
		if a.Scope == b.Scope && a.Learned == b.Learned && learned != a.Learned {
			say("/metrics: another quota was learned for "+a.Scope, learned, a.Learned)
		}
		state := o.metrics.sum("rate_limit_state", fmt.Sprintf("scope=%q", a.Scope), fmt.Sprintf("state=%q", a.State))
		if a.Scope == b.Scope && a.State == b.State && state != 1 {
			say("/metrics: another state of the quota of "+a.Scope, state, a.State)
		}
	}
	return all
}
