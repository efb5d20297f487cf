package natsmodel

import "slices"

// purged is told that its stream has removed what a filter takes. Start is where the filter begins now; 0: nowhere.
func (o *consumer) purged(filter string, start uint64) {
	st := o.stream.store
	inside := func(f string) bool { return covers(filter, f) }
	outside := func(f string) bool { return !inside(f) }
	touched := func(f string) bool { return overlaps(filter, f) }
	all := filter == "" || slices.ContainsFunc(o.filters, inside)
	wider := filter != "" && (len(o.filters) == 0 || slices.ContainsFunc(o.filters, outside))
	if !all && len(o.filters) > 0 && !slices.ContainsFunc(o.filters, touched) {
		return
	}
	if wider {
		start = st.first
	} else if start == 0 {
		start = st.last + 1
	}
	o.skipTo(start, wider)
	o.count() // It does not look whether it may deliver more now: the real server does not.
}

// skipTo moves everything up to a sequence, and forgets deliveries of what there is no more.
func (o *consumer) skipTo(start uint64, wider bool) {
	o.next.stream = max(o.next.stream, start)
	if o.floor.stream < start {
		o.floor.stream = start - 1
	}
	for _, seq := range o.pendingSequences() {
		d := o.pending[seq]
		if seq < start || wider && o.stream.store.get(seq) == nil {
			o.floor.consumer = max(o.floor.consumer, d.number)
			d.ticket = 0
			delete(o.pending, seq)
			delete(o.redelivered, seq)
		}
	}
	if len(o.pending) == 0 {
		clear(o.redelivered)
		o.again = nil
		o.floor = sequences{o.next.consumer - 1, o.next.stream - 1}
	}
	for _, r := range o.again { // What is queued comes after its time for an acknowledgement.
		if r.d.ticket == r.ticket {
			r.d.ticket = 0
		}
	}
	o.again = nil
	o.keptFloor = o.floor
	o.delivered = sequences{o.next.consumer - 1, o.next.stream - 1} // All is written down as it is.
}
