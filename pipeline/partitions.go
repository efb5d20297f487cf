package pipeline

// commonOf returns what each route has in common with the partitions of its name.
func commonOf(routes []RouteConfig) []*common {
	commons, shared := make([]*common, len(routes)), map[string]*common{}
	for i := range routes {
		r := &routes[i]
		t := shared[r.Name]
		if t == nil || r.Partition == 0 {
			t = &common{weight: 1}
		}
		if r.Partition > 0 {
			shared[r.Name] = t
		}
		t.routes++
		commons[i] = t
	}
	return commons
}

// merge makes the partitions of one name one route, in the place of the first, as people see it. What they count and
// hold is added up. What halts only some of them is told where the others have nothing to do, as a partition that
// another replica carries never has.
func (s *Stats) merge(routes []*Route) {
	all := s.Routes[:0]
	var at map[string]int // By name, once there is a partition.
	for i := range routes {
		r := s.Routes[i]
		if routes[i].cfg.Partition > 0 {
			if at == nil {
				at = map[string]int{}
			}
			if first, seen := at[r.Name]; seen {
				all[first].add(&r)
				continue
			}
			at[r.Name] = len(all)
			r.Parts, r.HaltedParts = 1, r.halted()
		}
		all = append(all, r)
	}
	s.Routes = all
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
	s.Oldest = earlier(s.Oldest, p.Oldest)
	s.Queued += p.Queued
	s.InFlight += p.InFlight
	s.Aside += p.Aside
	s.AsideTopics += p.AsideTopics
	s.Unkept += p.Unkept
	s.Troubled += p.Troubled
	s.Suspects += p.Suspects
	s.Forbidden += p.Forbidden
	s.ForbiddenHeld += p.ForbiddenHeld
	s.ForbiddenTopics = append(s.ForbiddenTopics, p.ForbiddenTopics...)
	s.ForbiddenTopics = s.ForbiddenTopics[:min(namedTopics, len(s.ForbiddenTopics))]
	s.Parts++
	s.HaltedParts += p.halted()
	if s.UnkeptWhy == "" {
		s.UnkeptWhy = p.UnkeptWhy
	}
}

// halted is 1 of a partition for which all that it publishes is refused.
func (s *RouteStats) halted() int {
	if s.RouteRefused || s.Rejecting != "" {
		return 1
	}
	return 0
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
