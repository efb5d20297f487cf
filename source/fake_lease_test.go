package source

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// table is a lease that a test hands to one of several replicas after the other. Nobody takes it by himself.
type table struct {
	mu      sync.Mutex // Guards the following.
	changed chan struct{}
	next    string // Who may take it.
	holder  string
	hold    *fakeHold
	takes   int
	alone   bool // Nobody follows by a clock.
}

func newTable() *table { return &table{changed: make(chan struct{})} }

// change does something to it, and wakes all who wait.
func (l *table) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	close(l.changed)
	l.changed = make(chan struct{})
}

// of is the lease as one replica sees it.
func (l *table) of(name string) *fakeLease { return &fakeLease{l, name} }

// give lets a replica take the lease once nobody has it.
func (l *table) give(name string) { l.change(func() { l.next = name }) }

// held returns the hold of a replica; nil if it has none.
func (l *table) held(name string) *fakeHold {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holder != name {
		return nil
	}
	return l.hold
}

// lose takes the lease away from whoever has it. That is known at once, or only when the returned function is called.
func (l *table) lose(known bool) (tell func()) {
	var hold *fakeHold
	l.change(func() {
		hold = l.hold
		l.holder, l.hold, l.next = "", nil, ""
		hold.over.Store(true)
	})
	tell = sync.OnceFunc(func() { close(hold.lost) })
	if known {
		tell()
	}
	return tell
}

// recall asks whoever has it to give it back.
func (l *table) recall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hold.recall()
}

type fakeLease struct {
	table *table
	name  string
}

func (f *fakeLease) Take(ctx context.Context) (Hold, error) {
	l := f.table
	for {
		l.mu.Lock()
		if l.next == f.name && l.holder == "" {
			recalled := make(chan struct{})
			hold := &fakeHold{
				table: l, lost: make(chan struct{}), recalled: recalled,
				recall: sync.OnceFunc(func() { close(recalled) }),
			}
			l.holder, l.hold, l.next = f.name, hold, ""
			l.takes++
			l.mu.Unlock()
			return hold, nil
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

func (f *fakeLease) Standby() string {
	f.table.mu.Lock()
	defer f.table.mu.Unlock()
	if f.table.holder == f.name {
		return ""
	}
	return f.table.holder
}

type fakeHold struct {
	table          *table
	over           atomic.Bool
	lost, recalled chan struct{}
	recall         func()
	released       atomic.Bool
}

func (h *fakeHold) Held(time.Time) bool       { return !h.over.Load() }
func (h *fakeHold) Lost() <-chan struct{}     { return h.lost }
func (h *fakeHold) Why() string               { return "somebody wants it so" }
func (h *fakeHold) Recalled() <-chan struct{} { return h.recalled }

func (h *fakeHold) Expires() time.Duration {
	if h.table.alone {
		return 0
	}
	return 100 * time.Millisecond
}

func (h *fakeHold) Release() {
	h.table.change(func() {
		h.released.Store(true)
		if h.table.hold == h && !h.over.Swap(true) {
			h.table.holder, h.table.hold = "", nil
		}
	})
}

// holds waits until a replica has the lease.
func (l *table) holds(t *testing.T, name string) *fakeHold {
	t.Helper()
	eventually(t, name+" holding the lease", func() bool { return l.held(name) != nil })
	return l.held(name)
}

func readPull(t *testing.T, body []byte) pullRequest {
	t.Helper()
	var r pullRequest
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	return r
}
