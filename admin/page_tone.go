package admin

import "slices"

// tones are those of words that are no state of the daemon: states of routes and levels of problems.
var tones = map[string]string{
	"running": "good", "draining": "busy", "paused": "held", "parked": "bad", "standby": "calm",
	"settling": "busy", LevelWarning: "warn", LevelError: "bad",
}

// tone says how a state or a problem's level is to be taken, for colour and symbol. What is not known is bad.
func tone[W ~string](word W) string {
	if t, ok := tones[string(word)]; ok {
		return t
	}
	if !slices.Contains(States[:], State(word)) {
		return "bad"
	}
	return stateTone(State(word))
}

// routeTone says how a route is to be taken. One that runs and has a reason why it does not carry messages is not well.
func routeTone(r *Route) string {
	if r.State == "running" && r.Reason != "" {
		return "warn"
	}
	return tone(r.State)
}

// stateTones are of states that look other than their severity.
var stateTones = map[State]string{Idle: "calm", Standby: "calm", CatchingUp: "busy", Paused: "held"}

// stateTone is the severity's tone, where a state has none of its own.
func stateTone(s State) string {
	if t, ok := stateTones[s]; ok {
		return t
	}
	return [...]string{Good: "good", Warning: "warn", Bad: "bad"}[s.Severity()]
}

// icon is that of a tone: there is one of each severity.
func icon(tone string) string {
	if tone == "bad" || tone == "warn" {
		return tone
	}
	return "good"
}
