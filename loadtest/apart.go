package loadtest

import "momento-bridge/loadtest/drive"

// apart is what other engines sent than the one of the search, on its clock. They count as much.
type apart struct {
	sent  []drive.Second
	texts map[string]int
}

// note takes what an engine has sent that began at a second of the search's engine.
func (a *apart) note(e *drive.Engine, began float64) {
	for i, s := range e.Seconds() {
		at := int(began) + i
		for len(a.sent) <= at {
			a.sent = append(a.sent, drive.Second{})
		}
		a.sent[at] = plus(a.sent[at], s)
	}
	if a.texts == nil {
		a.texts = map[string]int{}
	}
	for text, n := range e.Refusals() {
		a.texts[text] += n
	}
}

func plus(a, b drive.Second) drive.Second {
	return drive.Second{
		Accepted: a.Accepted + b.Accepted, Refused: a.Refused + b.Refused, Failed: a.Failed + b.Failed,
		Missed: a.Missed + b.Missed,
	}
}

// seconds are those of the search's engine with those of the others.
func (a *apart) seconds(of []drive.Second) []drive.Second {
	all := make([]drive.Second, max(len(of), len(a.sent)))
	copy(all, of)
	for i, s := range a.sent {
		all[i] = plus(all[i], s)
	}
	return all
}

// refusals are likewise; of is changed.
func (a *apart) refusals(of map[string]int) map[string]int {
	if len(a.texts) > 0 && of == nil {
		of = map[string]int{}
	}
	for text, n := range a.texts {
		of[text] += n
	}
	return of
}
