package natsmodel

import "slices"

// start sets where it begins.
func (o *consumer) start() {
	st := o.stream.store
	first, last := st.first, st.last
	if o.cfg.StartSeq > 0 {
		o.next.stream = o.cfg.StartSeq
	} else {
		o.next.stream = o.startByPolicy()
	}
	switch {
	case first == 0 && o.cfg.StartSeq == 0:
		o.next.stream = 1
	case o.next.stream > last && o.cfg.StartSeq == 0:
		o.next.stream = last + 1
	case o.next.stream < first:
		o.next.stream = first
	}
	o.next.consumer = 1
	o.floor = sequences{0, o.next.stream - 1}
	o.keptFloor, o.delivered = o.floor, o.floor
	o.count()
}

func (o *consumer) startByPolicy() uint64 {
	st := o.stream.store
	switch o.cfg.Deliver {
	case deliverAll:
		return st.first
	case deliverLast:
		last := uint64(0)
		for _, f := range o.filters {
			if m := st.lastOf(f); m != nil {
				last = max(last, m.seq)
			}
		}
		if len(o.filters) == 0 {
			return st.last
		}
		return last
	case deliverPerSubject:
		return o.startPerSubject()
	case deliverTime:
		for at := st.head; at < len(st.entries); at++ {
			if m := st.entries[at].m; m != nil && !m.at.Before(*o.cfg.StartTime) {
				return m.seq
			}
		}
		return st.last + 1
	}
	return st.last + 1
}

// startPerSubject finds the last message of each subject.
func (o *consumer) startPerSubject() uint64 {
	st := o.stream.store
	if o.stream.cfg.MaxPerSubject == 1 {
		return st.first
	}
	o.last, o.resume = nil, st.last
	for subject, seqs := range st.subjects { // In any order: it is sorted below.
		if anyMatches(o.filters, subject) {
			o.last = append(o.last, seqs[len(seqs)-1])
		}
	}
	slices.Sort(o.last)
	if len(o.last) == 0 {
		return st.last
	}
	return o.last[0]
}

// count counts what is not delivered yet.
func (o *consumer) count() {
	if len(o.last) > 0 {
		o.pendingCount = uint64(len(o.last))
		return
	}
	o.pendingCount = o.stream.store.count(o.next.stream, o.filters)
}
