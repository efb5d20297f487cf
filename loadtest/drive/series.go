package drive

// Second is what was sent in one second, by what became of it.
type Second struct{ Accepted, Refused, Failed, Missed int }

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
