package pipeline

// keptSlots is how much memory an empty ring keeps.
const keptSlots = 4096

// ring is a first-in-first-out queue that keeps its memory, unless that is much. Lanes and routes take turns in one.
type ring[T any] struct {
	slots []T
	head  int
	n     int
}

func (r *ring[T]) len() int { return r.n }

// front returns the oldest item of a ring that is not empty.
func (r *ring[T]) front() T { return r.slots[r.head] }

func (r *ring[T]) pushBack(v T) {
	if r.n == len(r.slots) {
		r.grow()
	}
	r.slots[(r.head+r.n)%len(r.slots)] = v
	r.n++
}

// popFront removes and returns the oldest item of a ring that is not empty.
func (r *ring[T]) popFront() T {
	var zero T
	v := r.slots[r.head]
	r.slots[r.head] = zero
	r.head = (r.head + 1) % len(r.slots)
	r.n--
	if r.n == 0 && len(r.slots) > keptSlots {
		r.slots, r.head = nil, 0
	}
	return v
}

func (r *ring[T]) grow() {
	slots := make([]T, max(8, 2*len(r.slots)))
	for i := range r.n {
		slots[i] = r.slots[(r.head+i)%len(r.slots)]
	}
	r.slots, r.head = slots, 0
}
