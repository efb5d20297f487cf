package sink

import "time"

// note is what an endpoint says of a break.
type note struct{ last, next, page uint64 }

// take hands over what is in an answer, and notes where to go on. What was handed over before, as sequence numbers
// tell, is not handed over again.
func (p *poller) take(body []byte, at time.Time) error {
	fresh := 0
	p.place.late = false
	err := eachPolled(body, func(e *polled) {
		p.breaks(e)
		if p.item(e, at) {
			fresh++
		}
	})
	p.tell()
	switch {
	case err != nil:
		return err
	case fresh == 0:
		p.place.waited()
		return errNothing
	}
	return nil
}

// breaks keeps the note of a break, if it is one.
func (p *poller) breaks(e *polled) {
	d := e.Discontinuity
	if d == nil {
		return
	}
	p.tell()
	p.note = &note{uint64(d.Last), uint64(d.Next), p.place.page}
	if d.NewPage != nil {
		p.note.page = uint64(*d.NewPage)
	}
}

// item hands over an item, if it is one and was not handed over before. It reports whether it was.
func (p *poller) item(e *polled, at time.Time) bool {
	if e.Item == nil || e.Item.Sequence == nil {
		return false
	}
	i := Item{
		Value: e.Item.Value.Binary, At: at, Sequence: uint64(*e.Item.Sequence), Page: p.place.page,
		Publisher: e.Item.Publisher,
	}
	if n := p.note; n != nil {
		i.Page = n.page
	}
	if e.Item.Page != nil {
		i.Page = uint64(*e.Item.Page)
	}
	if n := p.note; n != nil && n.page == i.Page && n.next+1 == i.Sequence {
		n.next = i.Sequence // The endpoint has named the one before.
	}
	p.tell()
	if text := e.Item.Value.Text; text != nil {
		i.Value, i.Text = []byte(*text), true
	}
	fresh, gap, missing := p.place.take(i.Sequence, i.Page)
	switch {
	case gap:
		p.Gap(missing)
	case fresh && i.Value == nil: // Neither text nor bytes: what it said is lost.
		p.Gap(1)
	}
	if fresh && i.Value != nil {
		p.Received(i)
	}
	return fresh
}

// tell goes where the note of a break says, if there is one.
func (p *poller) tell() {
	n := p.note
	if n == nil {
		return
	}
	p.note = nil
	if gap, missing := p.place.move(n.last, n.next, n.page); gap {
		p.Gap(missing)
	}
}
