package drive

// Second is what was sent in one second, by what became of it.
type Second struct {
	Accepted int `json:"accepted,omitempty"`
	Refused  int `json:"refused,omitempty"`
	Failed   int `json:"failed,omitempty"`
	Missed   int `json:"missed,omitempty"`
}

func (s Second) minus(o Second) Second {
	return Second{s.Accepted - o.Accepted, s.Refused - o.Refused, s.Failed - o.Failed, s.Missed - o.Missed}
}

// series counts publishes second by second.
type series struct{ all []Second }

func (s *series) note(f fate, at int64) {
	i := int(at / 1e9)
	for len(s.all) <= i {
		s.all = append(s.all, Second{})
	}
	switch second := &s.all[i]; f {
	case accepted:
		second.Accepted++
	case refused:
		second.Refused++
	case failed:
		second.Failed++
	case missed:
		second.Missed++
	case open, fates:
	}
}

// add adds to what the i-th second has.
func (s *series) add(i int, more Second) {
	for len(s.all) <= i {
		s.all = append(s.all, Second{})
	}
	s.all[i] = more.minus(Second{}.minus(s.all[i]))
}
