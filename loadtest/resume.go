package loadtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
	"momento-bridge/loadtest/trials"
)

// goOn returns the tester of the search. Where trials are kept it begins with those that were made before; what they
// took counts.
func (f *finder) goOn(e *drive.Engine) search.Tester {
	file := f.cfg.Trials
	if file == nil {
		return e
	}
	file.Spend(f.cfg.Before)
	f.extra = file.Spent()
	f.started = f.started.Add(-time.Duration(file.Seconds() * float64(time.Second)))
	f.kept = file.Tester(e)
	return f.kept
}

// leave counts what the search has not come to of what was made before, as it may spend less than the one before.
func (f *finder) leave() {
	if f.kept != nil {
		f.extra += f.kept.Rest()
	}
}

// asked is what decides which trials a search makes, besides what becomes of them. How much it may spend does not.
type asked struct {
	Target     report.Target `json:"target"`
	Search     search.Config `json:"search"`
	Effort     string        `json:"effort"`
	Dimensions []string      `json:"dimensions"`
	Latency    bool          `json:"latency"`
	Seed       uint64        `json:"seed"`
}

// Asked is what is to be found, in a form to compare. It is called before Limit.
func (c *FindConfig) Asked() (json.RawMessage, error) {
	a := asked{c.Target.Report(), c.Search, c.Effort, c.Dimensions, c.Latency, c.Target.Seed}
	a.Target.Version, a.Search.MaxRequests, a.Search.MaxSeconds = "", 0, 0
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("write down what is to be found: %w", err)
	}
	return text, nil
}

// Differs says in what a search whose trials were kept differs from what is to be found. It is called before Limit.
func (c *FindConfig) Differs(file *trials.File) ([]string, error) {
	now, err := c.Asked()
	if err != nil {
		return nil, err
	}
	return differences(file.Header.Asked, now)
}

// Resume goes on with the trials of a file. It takes the place of Limit.
func (c *FindConfig) Resume(file *trials.File) {
	s := file.Header.Search
	s.MaxRequests, s.MaxSeconds, s.Progress = c.Search.MaxRequests, c.Search.MaxSeconds, c.Search.Progress
	c.Search, c.Trials = s, file
	before := c.Generator
	if json.Unmarshal(file.Header.Generator, &before) == nil {
		before.Ceiling = min(before.Ceiling, c.Generator.Ceiling)
		c.Generator = before
	}
}

// differences names what differs between two JSON objects.
func differences(before, now json.RawMessage) ([]string, error) {
	a, b := map[string]string{}, map[string]string{}
	for _, of := range []struct {
		text json.RawMessage
		to   map[string]string
	}{{before, a}, {now, b}} {
		var object map[string]any
		if err := json.Unmarshal(of.text, &object); err != nil {
			return nil, fmt.Errorf("the trials do not say what they are of: %w", err)
		}
		flatten(of.to, "", object)
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if a[name] != b[name] {
			all = append(all, fmt.Sprintf("%s is %s, it was %s", name, b[name], a[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[name]; !ok {
			all = append(all, fmt.Sprintf("%s is not there, it was %s", name, a[name]))
		}
	}
	return all, nil
}

func flatten(to map[string]string, prefix string, object map[string]any) {
	for name, v := range object {
		if nested, ok := v.(map[string]any); ok {
			flatten(to, prefix+name+".", nested)
			continue
		}
		text, _ := json.Marshal(v) // It was read from JSON.
		to[prefix+name] = string(text)
	}
}

// spend notes a trial after the search, which is made again when the search is resumed.
func (f *finder) spend(sent int, of *drive.Engine) {
	switch {
	case f.kept == nil:
	case of == f.whole: // It knows of them itself.
		f.kept.Spend(0)
	default:
		f.kept.Spend(sent)
	}
}

// began is when the search did, before any interruption.
func (c *FindConfig) began(started time.Time) time.Time {
	if c.Trials != nil && !c.Trials.Header.Began.IsZero() {
		return c.Trials.Header.Began.UTC()
	}
	return started.UTC()
}

// Keep begins a file of the trials in a directory. It is called after Limit; asked is from before it, and flags are
// those that were given.
func (c *FindConfig) Keep(dir string, asked json.RawMessage, flags map[string][]string) error {
	generator, err := json.Marshal(c.Generator)
	if err != nil {
		return fmt.Errorf("write down what the machine can do: %w", err)
	}
	c.Trials, err = trials.Create(dir, trials.Header{
		Version: c.Target.Version, Began: time.Now().UTC(), Flags: flags, Asked: asked, Search: c.Search,
		Generator: generator,
	})
	return err
}
