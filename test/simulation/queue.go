package simulation

import "container/heap"

// event is something that happens in the world at a time.
type event struct {
	at    int64 // Nanoseconds since the world began.
	order uint64
	do    func()
}

// queue has the earliest event first, and of the same time what was put in first.
type queue struct {
	events []event
	last   uint64
}

func (q *queue) Len() int { return len(q.events) }

func (q *queue) Less(i, j int) bool {
	a, b := &q.events[i], &q.events[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return a.order < b.order
}

func (q *queue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }

func (q *queue) Push(x any) { q.events = append(q.events, x.(event)) } //nolint:forcetypeassert // Of put alone.

func (q *queue) Pop() any {
	n := len(q.events) - 1
	e := q.events[n]
	q.events[n] = event{}
	q.events = q.events[:n]
	return e
}

func (q *queue) put(at int64, do func()) {
	q.last++
	heap.Push(q, event{at, q.last, do})
}

func (q *queue) take() event { return heap.Pop(q).(event) } //nolint:forcetypeassert // Of put alone.
