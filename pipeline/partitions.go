package pipeline

// turnsOf returns the turn of each route: one of its own, or that of all partitions of its name.
func turnsOf(routes []RouteConfig) []*turn {
	turns, shared := make([]*turn, len(routes)), map[string]*turn{}
	for i := range routes {
		r := &routes[i]
		t := shared[r.Name]
		if t == nil || r.Partition == 0 {
			t = &turn{weight: 1}
		}
		if r.Partition > 0 {
			shared[r.Name] = t
		}
		t.routes++
		turns[i] = t
	}
	return turns
}

// merged returns the routes as people see them: partitions of one name are one, in the place of the first. What they
// count and hold is added up. What halts only some of them is told where the others have nothing to do, as a partition
// that another replica carries never has.
func (s *Stats) merged(parts []*Route) []RouteStats {
	all := s.Routes[:0] // In place: none is written before it has been read.
	var at map[string]int
	for i := range s.Routes {
		r := &s.Routes[i]
		if parts[i].cfg.Partition == 0 {
			all = append(all, *r)
			continue
		}
		first, seen := at[r.Name]
		if !seen {
			if at == nil {
				at = map[string]int{}
			}
			at[r.Name] = len(all)
			all = append(all, *r)
			continue
		}
		all[first].add(r)
	}
	return all
}

// add adds a partition to others of the route.
func (s *RouteStats) add(p *RouteStats) {
	s.show(p)
	s.Received += p.Received
	for o, n := range p.Settled {
		s.Settled[o] += n
	}
	for result, n := range p.Attempts {
		s.Attempts[result] += n
	}
	for reason, n := range p.Retries {
		s.Retries[reason] += n
	}
	s.Ambiguous += p.Ambiguous
	s.Redelivered += p.Redelivered
	s.Skipped += p.Skipped
	s.Bytes += p.Bytes
	s.Operations += p.Operations
	s.Queued += p.Queued
	s.InFlight += p.InFlight
	s.Aside += p.Aside
	s.AsideTopics += p.AsideTopics
	s.Unkept += p.Unkept
	s.Troubled += p.Troubled
	s.Suspects += p.Suspects
	s.Forbidden += p.Forbidden
	if s.UnkeptWhy == "" {
		s.UnkeptWhy = p.UnkeptWhy
	}
}

// show takes over what is said of a partition rather than counted, if that is worth more than what the others say.
func (s *RouteStats) show(p *RouteStats) {
	if p.LeftAlone.After(s.LeftAlone) {
		s.LeftAlone, s.LeftAloneWhy = p.LeftAlone, p.LeftAloneWhy
	}
	mine, other := s.says(), p.says()
	if other > mine || other == mine && s.LimitedBy == ByNothing {
		s.State, s.LimitedBy = p.State, p.LimitedBy
		s.RouteRefused, s.Rejecting = p.RouteRefused, p.Rejecting
	}
}

// says tells how much the state of a partition says about that of its route: most if it goes on with messages, and
// least if it has nothing to do.
func (s *RouteStats) says() int {
	switch {
	case s.State == Running && s.Queued+s.InFlight > 0:
		return 2
	case s.State != Running:
		return 1
	}
	return 0
}
