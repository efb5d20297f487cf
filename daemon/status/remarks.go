package status

import (
	"fmt"
	"strings"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/terminal"
)

// remark adds to a state and its sentence what must not go unseen beside it: messages that are lost, dead letters, what
// is put aside or refused at random, replicas that do not work together, a key that expires, whose holder is named.
func remark(s *admin.Status, holder string, state admin.State, text string) (admin.State, string) {
	if state == admin.Stopping {
		return state, text
	}
	var lost, dead []string
	for _, r := range s.Routes {
		if r.Lost > 0 {
			lost = append(lost, fmt.Sprintf("%s: %s in %d s, %s", r.Name, terminal.Count(int64(r.Lost)),
				LatelySeconds, r.LostWhy))
		}
		if r.DeadLettered > 0 {
			dead = append(dead, fmt.Sprintf("%s: %s in %d s", r.Name, terminal.Count(int64(r.DeadLettered)),
				LatelySeconds))
		}
	}
	switch {
	case len(lost) == 0:
		if len(dead) > 0 {
			text += " Dead letters: " + some(dead) + "; " + condition.DeadLetters.Advice() + "."
		}
	case state.Severity() == admin.Bad:
		text += " Messages are lost: " + some(lost) + "."
	default:
		state, text = stateOf(condition.Losing), capital(condition.Losing.Sentence())+": "+some(lost)+". "+text
	}
	text += putAside(s) + noise(s)
	if texts := apart(&s.Group); len(texts) > 0 {
		text += " " + capital(strings.Join(texts, "; ")) + "."
		if state.Severity() != admin.Bad {
			state = stateOf(condition.NoLeases)
		}
	}
	if k := s.Key; k.Expires != nil && !k.Vended && k.Expires.Before(s.Now.Add(KeyNotice)) {
		when := "expires in " + terminal.Age(k.Expires.Sub(s.Now))
		if !k.Expires.After(s.Now) {
			when = "expired " + terminal.Age(s.Now.Sub(*k.Expires)) + " ago"
		}
		text += " The API key " + when + ": " + condition.ExpiringKey(holder) + "."
		if state.Severity() == admin.Good {
			state = stateOf(condition.KeyExpiring)
		}
	}
	return state, text
}

// putAside says what the endpoint refuses while it accepts others; empty if it refuses nothing so.
func putAside(s *admin.Status) string {
	var aside []string
	for _, r := range s.Routes {
		if n := r.PutAside - r.HeldByForbidden; n > 0 {
			aside = append(aside, r.Name+": "+asideText(n, r.PutAsideIn-r.Forbidden))
		}
	}
	if len(aside) == 0 {
		return ""
	}
	return " Messages put aside, as the endpoint refuses them again and again: " + some(aside) +
		"; " + condition.PutAside.Advice() + ". With dead_letter they are dead letters after give_up_after; without " +
		"it they go on waiting."
}

// asideText says how many messages are put aside, and for how many that are refused, or whose topic is.
func asideText(messages, refused int) string {
	switch {
	case messages <= refused:
		return terminal.Count(int64(messages))
	case refused == 1:
		return terminal.Count(int64(messages)) + ", of which 1 is refused and the others wait behind it"
	}
	return terminal.Count(int64(messages)) + ", of which " + terminal.Count(int64(refused)) +
		" are refused and the others wait behind them"
}

// some joins what is said of each route: of a few, and of more if that does not become long.
func some(texts []string) string {
	n, size := 0, 0
	for _, text := range texts {
		if size += len(text); n >= few && size > fits {
			return strings.Join(texts[:n], "; ") + fmt.Sprintf("; and %d more", len(texts)-n)
		}
		n++
	}
	return strings.Join(texts, "; ")
}
