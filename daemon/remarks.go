package daemon

import (
	"fmt"
	"strings"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// losses are the messages that a route gave up over the last samples, against its will, and those that became dead
// letters.
type losses struct {
	dropped uint64 // By the pipeline.
	missed  uint64 // By the NATS client.
	dead    uint64
}

// losses returns what a route has lost lately. Where it is a policy to drop, what that drops cannot be told from the
// rest, and none of it is a loss.
func (r *backlog) losses(policy pipeline.Overload) losses {
	if len(r.samples) == 0 {
		return losses{}
	}
	var first losses // All that the daemon has lost, as long as it is as young.
	if len(r.samples) > sampleCount {
		first = r.samples[0].given
	}
	last := r.samples[len(r.samples)-1].given
	lately := losses{missed: last.missed - first.missed, dead: last.dead - first.dead}
	if policy == pipeline.Block {
		lately.dropped = last.dropped - first.dropped
	}
	return lately
}

// why says what loses messages of a route.
func (l losses) why(route *pipeline.RouteConfig) string {
	switch {
	case l.missed > 0:
		return "the NATS client's buffer is full"
	case l.dropped > 0 && route.AtMostOnce:
		return "they can never be published, or their outcome is unclear (delivery: at-most-once)"
	case l.dropped > 0:
		return "they can never be published and the route has no dead_letter"
	}
	return ""
}

// remark adds to a state and its sentence what must not go unseen beside it: messages that are lost, dead letters, a
// key that expires.
func remark(s *admin.Status, state admin.State, text string) (admin.State, string) {
	if state == admin.Stopping {
		return state, text
	}
	var lost, dead []string
	for _, r := range s.Routes {
		if r.Lost > 0 {
			lost = append(lost, fmt.Sprintf("%s: %s in %d s, %s", r.Name, terminal.Count(int64(r.Lost)), sampleCount, r.LostWhy))
		}
		if r.DeadLettered > 0 {
			dead = append(dead, fmt.Sprintf("%s: %s in %d s", r.Name, terminal.Count(int64(r.DeadLettered)), sampleCount))
		}
	}
	switch {
	case len(lost) == 0:
		if len(dead) > 0 {
			text += " Dead letters: " + some(dead) + "; the last problems say why."
		}
	case state.Severity() == admin.Bad:
		text += " Messages are lost: " + some(lost) + "."
	default:
		state, text = admin.Losing, "Messages are lost: "+some(lost)+". "+text
	}
	text += putAside(s)
	if k := s.Key; k.Expires != nil && !k.Vended && k.Expires.Before(s.Now.Add(keyNotice)) {
		when := "expires in " + terminal.Age(k.Expires.Sub(s.Now))
		if !k.Expires.After(s.Now) {
			when = "expired " + terminal.Age(s.Now.Sub(*k.Expires)) + " ago"
		}
		text += " The API key " + when + ": put a new one into the key file."
		if state.Severity() == admin.Good {
			state = admin.KeyExpiring
		}
	}
	return state, text
}

// putAside says what the endpoint refuses while it accepts others; empty if it refuses nothing so.
func putAside(s *admin.Status) string {
	var aside []string
	for _, r := range s.Routes {
		if r.PutAside > 0 {
			aside = append(aside, r.Name+": "+asideText(r.PutAside, r.PutAsideIn))
		}
	}
	if len(aside) == 0 {
		return ""
	}
	return " Messages put aside, as the endpoint refuses them again and again: " + some(aside) +
		"; the last problems name one. With dead_letter they are dead letters after give_up_after; without it they go on waiting."
}

// asideText says how many messages are put aside, and for how many that are refused, or whose topic is.
func asideText(messages, refused int) string {
	switch {
	case messages <= refused:
		return terminal.Count(int64(messages))
	case refused == 1:
		return terminal.Count(int64(messages)) + ", of which 1 is refused and the others wait behind it"
	}
	return terminal.Count(int64(messages)) + ", of which " + terminal.Count(int64(refused)) + " are refused and the others wait behind them"
}

// some joins what is said of each route, and names a few.
func some(texts []string) string {
	return strings.Join(texts[:min(few, len(texts))], "; ") + others(len(texts))
}
