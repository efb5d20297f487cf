package daemon

import (
	"maps"
	"slices"
	"sync"
	"time"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/pipeline"
)

const (
	// maxProblems bounds how many different problems are remembered and told; the one that was seen longest ago is
	// forgotten.
	maxProblems = 20
	// quietAfter is how long something must not have happened to be over, where nothing says whether it is.
	quietAfter = time.Minute
)

// problem is one that is remembered.
type problem struct {
	admin.Problem

	cause condition.Condition // Which it tells of; condition.Count: none that is known.
}

// problems remembers the warnings and errors that are logged, each with how often it was. What the pipeline counts is
// none of them. It may be used concurrently.
type problems struct {
	mu      sync.Mutex // Guards the following.
	all     []problem
	dropped map[string]uint64 // What was known of the messages of routes for which there was no memory.
}

// note takes note of a problem that has occurred.
func (p *problems) note(seen *problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.all, func(known problem) bool {
		return known.Text == seen.Text && known.Route == seen.Route
	})
	if i >= 0 {
		known := &p.all[i]
		known.Count += seen.Count
		known.Last, known.Detail, known.Over = seen.Last, seen.Detail, nil
		return
	}
	if len(p.all) < maxProblems {
		p.all = append(p.all, *seen)
		return
	}
	oldest := 0
	for i := range p.all {
		if p.all[i].Last.Before(p.all[oldest].Last) {
			oldest = i
		}
	}
	p.all[oldest] = *seen
}

// settle finds out which problems are over: those whose condition no longer is so, and what has not happened for a
// while where all is well now.
func (p *problems) settle(now time.Time, is func(cause condition.Condition, route string) bool) {
	p.mu.Lock()
	known := slices.Clone(p.all)
	p.mu.Unlock()
	lasts := make([]bool, len(known)) // Whoever is asked may be logging.
	for i := range known {
		lasts[i] = is(known[i].cause, known[i].Route)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range known {
		p.settleOne(now, &known[i], lasts[i])
	}
}

// settleOne does so for one problem that was remembered when it was asked whether it lasts.
func (p *problems) settleOne(now time.Time, asked *problem, lasts bool) {
	for i := range p.all {
		known := &p.all[i]
		if known.Text != asked.Text || known.Route != asked.Route || !known.Last.Equal(asked.Last) {
			continue
		}
		switch quiet := now.Sub(known.Last) >= quietAfter; {
		case lasts:
			known.Over = nil
		case known.Over != nil:
		case known.cause != condition.Count:
			known.Over = new(now.UTC())
		case quiet:
			known.Over = new(known.Last)
		}
	}
}

// lineUp forgets the problems of a route that is gone, and counts anew for one that begins. Routes have how many of
// their messages there was no memory for.
func (p *problems) lineUp(gone []string, begun map[string]uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = slices.DeleteFunc(p.all, func(known problem) bool { return slices.Contains(gone, known.Route) })
	for _, route := range gone {
		delete(p.dropped, route)
	}
	maps.Copy(p.dropped, begun)
}

// list returns them and what has gone wrong in the pipeline: first what is not over, and the latest first.
func (p *problems) list(troubles []pipeline.Trouble) []admin.Problem {
	p.mu.Lock()
	all := make([]admin.Problem, 0, len(p.all)+len(troubles))
	for i := range p.all {
		all = append(all, p.all[i].Problem)
	}
	p.mu.Unlock()
	for i := range troubles {
		all = append(all, problemOf(&troubles[i]))
	}
	slices.SortStableFunc(all, func(a, b admin.Problem) int {
		switch {
		case a.Over == nil && b.Over != nil:
			return -1
		case a.Over != nil && b.Over == nil:
			return 1
		}
		return b.Last.Compare(a.Last)
	})
	return all[:min(len(all), maxProblems)]
}

// problemOf is a trouble of the pipeline.
func problemOf(t *pipeline.Trouble) admin.Problem {
	p := admin.Problem{
		Level: admin.LevelWarning, Text: t.Text, Route: t.Route, Detail: boundedDetail(t.Detail), Count: t.Count,
		First: t.First.UTC(), Last: t.Last.UTC(),
	}
	if t.Error {
		p.Level = admin.LevelError
	}
	if !t.Over.IsZero() {
		p.Over = new(t.Over.UTC())
	}
	return p
}
