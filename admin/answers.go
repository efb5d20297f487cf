package admin

import (
	"cmp"
	"slices"
)

// GroupAnswers are what the members of a group tell, the oldest member first.
type GroupAnswers struct {
	Schema  int      `json:"schema"`  // See Schema.
	Verdict Verdict  `json:"verdict"` // The worst of the members'; degraded at least while some are silent.
	Answers []Answer `json:"answers"`
	Silent  []Member `json:"silent"` // Those that the others know of and that have not answered.
}

// Judge sums up what the members say of themselves. Those of an older version say their state alone.
func (g *GroupAnswers) Judge() {
	g.Schema, g.Verdict = Schema, VerdictFlows
	for i := range g.Answers {
		a := &g.Answers[i]
		a.Verdict = cmp.Or(a.Verdict, a.State.Verdict())
		g.Verdict = g.Verdict.Worse(a.Verdict)
	}
	if len(g.Silent) > 0 {
		g.Verdict = g.Verdict.Worse(VerdictDegraded)
	}
}

// Add takes an answer, and looks who has not answered yet.
func (g *GroupAnswers) Add(a *Answer) {
	g.Answers = append(g.Answers, *a)
	slices.SortFunc(g.Answers, func(a, b Answer) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	g.Silent = []Member{}
	answered := func(id string) bool {
		return slices.ContainsFunc(g.Answers, func(a Answer) bool { return a.ID == id })
	}
	for i := range g.Answers {
		for _, m := range g.Answers[i].Group.Members {
			named := slices.ContainsFunc(g.Silent, func(s Member) bool { return s.ID == m.ID })
			if !answered(m.ID) && !named {
				g.Silent = append(g.Silent, m)
			}
		}
	}
}
