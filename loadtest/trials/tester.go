package trials

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/search"
)

// Engine makes trials, and knows how to forget none.
type Engine interface {
	search.Tester
	Keep() (drive.Kept, error)
	Recall(k drive.Kept) error
}

// Tester replays the trials of a file, and then has an engine make more, which it adds to the file.
type Tester struct {
	file   *File
	engine Engine
	err    error // Why nothing can be replayed.
}

// Tester returns the tester of a search that goes on where the file ends. The engine has made no trial.
func (f *File) Tester(e Engine) *Tester {
	t := &Tester{file: f, engine: e}
	t.recallSpent()
	return t
}

// Replaying reports whether the next trial is one of the file.
func (t *Tester) Replaying() bool { return len(t.file.lines) > 0 }

// Now implements search.Tester.
func (t *Tester) Now() float64 { return t.engine.Now() }

// Idle implements search.Tester. What was waited before a trial of the file is in its time.
func (t *Tester) Idle(seconds float64) {
	if !t.Replaying() {
		t.engine.Idle(seconds)
	}
}

// Run implements search.Tester.
func (t *Tester) Run(most search.Cap, phases ...search.Phase) search.Trial {
	if t.Replaying() && t.err == nil {
		trial, err := t.replay(phases)
		if err == nil {
			return trial
		}
		t.err = err
	}
	if t.err != nil {
		return search.Trial{Phases: []search.Outcome{{Phase: phases[len(phases)-1]}}, Fatal: t.err}
	}
	trial := t.engine.Run(most, phases...)
	if trial.Fatal != nil || trial.Capped != nil { // It shows nothing, but was paid for.
		t.Spend(0)
	} else {
		t.add(phases, trial)
	}
	return trial
}

// Spend notes what was done since the last trial that counts, and publishes that the engine does not know of.
func (t *Tester) Spend(publishes int) {
	kept, err := t.engine.Keep()
	if err != nil {
		t.file.err = errors.Join(t.file.err, err)
		return
	}
	kept.Trials = nil
	t.file.write(line{Spent: publishes, Engine: &kept})
}

// Rest has the engine recall the trials that the search did not come to, and returns their publishes.
func (t *Tester) Rest() int {
	n := 0
	for _, l := range t.file.lines {
		if l.Engine == nil || t.err != nil {
			continue
		}
		if l.Trial != nil { // Others are spent already.
			n += l.Engine.Sent()
		}
		t.err = t.engine.Recall(*l.Engine)
	}
	t.file.lines = nil
	return n
}

func (t *Tester) add(phases []search.Phase, trial search.Trial) {
	kept, err := t.engine.Keep()
	if err != nil {
		t.file.err = errors.Join(t.file.err, err)
		return
	}
	l := line{Phases: phases, Engine: &kept}
	trial.Phases = slices.Clone(trial.Phases)
	for i := range trial.Phases {
		l.Events = append(l.Events, pack(trial.Phases[i].Events))
		trial.Phases[i].Events = nil
	}
	l.Trial = &trial
	t.file.write(l)
}

// errOther says that the trials are of a search that went another way.
var errOther = errors.New("the trials that were kept are not those that this search would make: they were made by " +
	"another version of the program; begin a new search, with --out")

// replay returns the next trial of the file, and has the engine recall it.
func (t *Tester) replay(phases []search.Phase) (search.Trial, error) {
	l := t.file.lines[0]
	asked, err1 := json.Marshal(phases)
	kept, err2 := json.Marshal(l.Phases)
	if err1 != nil || err2 != nil || !bytes.Equal(asked, kept) || len(l.outcome) > len(phases) || len(l.outcome) == 0 {
		return search.Trial{}, errOther
	}
	trial := *l.Trial
	trial.Phases = slices.Clone(l.outcome)
	for i := range trial.Phases {
		trial.Phases[i].Phase = phases[i]
	}
	if err := t.engine.Recall(*l.Engine); err != nil {
		return search.Trial{}, fmt.Errorf("the trials that were kept are damaged: %w", err)
	}
	t.file.lines = t.file.lines[1:]
	t.recallSpent()
	return trial, nil
}

// recallSpent has the engine recall what comes before the next trial.
func (t *Tester) recallSpent() {
	for len(t.file.lines) > 0 && t.file.lines[0].Trial == nil {
		l := t.file.lines[0]
		t.file.lines = t.file.lines[1:]
		if l.Engine == nil {
			continue
		}
		if err := t.engine.Recall(*l.Engine); err != nil {
			t.err = fmt.Errorf("the trials that were kept are damaged: %w", err)
		}
	}
}

// unpack makes the outcomes of a line that was read whole.
func (l *line) unpack() error {
	if l.Engine == nil || len(l.Events) != len(l.Trial.Phases) {
		return errEvents
	}
	l.outcome = l.Trial.Phases
	for i := range l.outcome {
		var err error
		if l.outcome[i].Events, err = unpack(l.Events[i]); err != nil {
			return err
		}
	}
	return nil
}
