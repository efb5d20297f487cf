package lease

// State is where a lease stands, as one replica sees it.
type State uint8

// The states of a lease.
const (
	Standby State = iota
	Taking
	Holding
	Releasing
	Lost // Held, and ended without being released; otherwise as Standby.
)

// key is one lease. It is plain data, so that it can be copied and compared.
type key struct {
	name     string
	state    State
	wanted   bool    // Whoever has asked for it waits.
	revision uint64  // The last one known; 0: the key does not exist.
	record   Record  // The value with it.
	free     Instant // It may be taken from then on, if it does not change before.
	writing  bool    // A write has not been answered yet,
	sent     Instant // and was sent then,
	number   uint64  // as the write of this number.
	again    Instant // Nothing is written before.
	deadline Instant // While Holding or Releasing: that ends then.
	recalled bool    // Another member should have it.
	avoid    Instant // It was given to another member, and is not taken back before.
	since    Instant // When it got into its state.
	changes  int     // How often it has changed hands, as far as was seen.
	told     bool    // It was heard of since the bucket is looked at anew.
}

func (k *key) enter(s State, now Instant) {
	if k.state == s {
		return
	}
	k.state, k.since = s, now
	if s != Holding {
		k.recalled = false
	}
}

// open forgets what was known: there is another bucket, or none. A key that is not in it is free at the time given.
func (k *key) open(now, absentFree Instant) {
	k.end(now)
	k.revision, k.record, k.free, k.again, k.avoid = 0, Record{}, absentFree, now, 0
}

// end is what becomes of it when it cannot be held any more.
func (k *key) end(now Instant) {
	switch k.state {
	case Holding:
		k.enter(Lost, now)
	case Taking, Releasing:
		k.enter(Standby, now)
	case Standby, Lost:
	}
	k.writing = false
}

// release gives it back: nothing is published any more.
func (k *key) release(t *Terms, now Instant) {
	if k.state == Holding {
		if k.recalled {
			k.avoid = now + t.Wait/2
		}
		k.enter(Releasing, now)
		k.again = now
	}
}

// saw takes notice of a value in the bucket. One that cannot be read is nobody's, but not free either.
func (k *key) saw(t *Terms, life string, now Instant, revision uint64, r Record) {
	k.told = true
	if revision <= k.revision {
		return // Known already.
	}
	k.note(t, life, now, revision, r)
	switch {
	case r.Life != life: // Somebody else has written it, so that nothing of ours will be stored.
		k.end(now)
	case r.released() && k.state == Releasing:
		k.end(now)
	}
}

// gone takes notice that it is not in the bucket any more, although nobody has deleted it: the bucket was emptied, or
// lets its values expire. Whoever holds it may do so until the deadline, and so it is free a lease later.
func (k *key) gone(t *Terms, now Instant) {
	if k.revision == 0 || k.told {
		return
	}
	k.revision, k.free, k.again = 0, now+t.Wait, now
}

func (k *key) note(t *Terms, life string, now Instant, revision uint64, r Record) {
	if r.Life != k.record.Life && r.Holder != "" {
		k.changes++
	}
	k.revision, k.record = revision, r
	if k.state != Holding {
		k.again = now
	}
	k.free = now + t.Wait
	if r.released() || r.Life == life {
		k.free = now
	}
}

// answered takes notice that a write was stored, be it the last one or one before.
func (k *key) answered(t *Terms, life string, now Instant, w *Write, revision uint64) {
	k.told = true
	if k.writing && k.number == w.number {
		k.writing = false
	}
	if revision > k.revision {
		k.note(t, life, now, revision, w.Record)
	}
	deadline := w.Sent + t.Stop
	switch k.state {
	case Holding:
		if w.Record.Epoch == k.record.Epoch {
			k.deadline, k.again = max(k.deadline, deadline), max(k.again, w.Sent+t.Every)
		}
	case Taking:
		if revision == k.revision && !w.Record.released() {
			k.took(t, now, deadline, w.Sent+t.Every)
		}
	case Releasing:
		if revision == k.revision && w.Record.released() {
			k.end(now)
		}
	case Standby, Lost:
	}
}

// took begins to hold, unless the answer came so late that it has ended already.
func (k *key) took(t *Terms, now, deadline, renew Instant) {
	if now >= deadline {
		k.end(now)
		return
	}
	k.enter(Holding, now)
	k.deadline, k.again = deadline, renew
	if !k.wanted { // Nobody waits for it any more.
		k.release(t, now)
	}
	k.wanted = false
}

// refused takes notice that a write was not stored: the key has another revision, or there is no bucket. The revision
// will be seen.
func (k *key) refused(t *Terms, now Instant, w *Write) {
	if !k.writing || k.number != w.number {
		return
	}
	k.writing, k.again = false, now+t.Pause
	if k.state == Taking {
		k.enter(Standby, now)
	}
}

// step moves on with time, and returns what is to be written, if anything is. It is not taken before from.
func (k *key) step(t *Terms, member, life string, now, from Instant) (Write, bool) {
	if (k.state == Holding || k.state == Releasing) && now >= k.deadline {
		k.end(now)
	}
	if k.writing && now >= k.sent+t.Patience {
		k.writing = false
		if k.state == Taking {
			k.enter(Standby, now)
		}
	}
	if k.writing || now < k.again {
		return Write{}, false
	}
	r := Record{Holder: member, Life: life, Epoch: k.record.Epoch}
	switch k.state {
	case Holding:
	case Releasing:
		r.Holder = ""
	case Standby, Lost:
		if !k.wanted || now < max(from, k.free, k.avoid) {
			return Write{}, false
		}
		r.Epoch++
		k.enter(Taking, now)
	case Taking: // Its write is on its way.
		return Write{}, false
	}
	k.writing, k.sent, k.number = true, now, k.number+1
	return Write{Key: k.name, Record: r, Revision: k.revision, Sent: now, number: k.number}, true
}

// next returns when step has something to do, if nothing happens before; from is as there.
func (k *key) next(t *Terms, from Instant) (Instant, bool) {
	at, due := k.again, true
	switch k.state {
	case Holding, Releasing:
	case Taking:
	case Standby, Lost:
		at, due = max(at, from, k.free, k.avoid), k.wanted
	}
	if k.writing {
		at, due = k.sent+t.Patience, true
	}
	if k.state == Holding || k.state == Releasing {
		at = min(at, k.deadline)
	}
	return at, due
}
