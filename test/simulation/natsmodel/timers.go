package natsmodel

import "time"

// timer is one moment of something: what it calls is set once, so that setting the time again costs nothing.
type timer struct {
	at    time.Time
	due   func()
	order uint64 // Among those of the same moment.
	index int    // In the heap, from 1 on; 0: it is not set.
}

// timers is a heap: earliest first, and of the same moment what was set first.
type timers struct {
	heap []*timer
	last uint64
}

func (h *timers) next() (time.Time, bool) {
	if len(h.heap) == 0 {
		return time.Time{}, false
	}
	return h.heap[0].at, true
}

// pop takes the earliest one out if it is due.
func (h *timers) pop(now time.Time) *timer {
	if len(h.heap) == 0 || h.heap[0].at.After(now) {
		return nil
	}
	t := h.heap[0]
	h.stop(t)
	return t
}

// set sets a timer, or moves it.
func (h *timers) set(t *timer, at time.Time) {
	if t.index > 0 && t.at.Equal(at) {
		return
	}
	h.stop(t)
	h.last++
	t.at, t.order = at, h.last
	h.heap = append(h.heap, t)
	t.index = len(h.heap)
	h.up(t.index - 1)
}

// stop takes a timer out, if it is set.
func (h *timers) stop(t *timer) {
	if t.index == 0 {
		return
	}
	i, last := t.index-1, len(h.heap)-1
	h.swap(i, last)
	h.heap[last] = nil
	h.heap = h.heap[:last]
	t.index = 0
	if i < last {
		h.down(i)
		h.up(i)
	}
}

func (h *timers) less(i, j int) bool {
	a, b := h.heap[i], h.heap[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.order < b.order
}

func (h *timers) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].index, h.heap[j].index = i+1, j+1
}

func (h *timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *timers) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.heap); child++ {
			if h.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}
