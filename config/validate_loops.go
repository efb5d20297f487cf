package config

import (
	"fmt"
	"strconv"
	"strings"

	"momento-bridge/subject"
)

// takes reports whether the route consumes what is published to the subject letters, as far as the file shows. It does
// not show which subjects a stream takes, so a filter that begins with a wildcard proves nothing.
func (r *Route) takes(letters string) bool {
	for _, filter := range r.Filters() {
		if filter != "" && subject.Overlap(filter, letters) &&
			(r.Stream == "" || !strings.ContainsAny(filter[:1], "*>")) {
			return true
		}
	}
	return false
}

// checkLoops notes each circle of routes that consume each other's dead letters, at its first route. A route that
// consumes its own is noted elsewhere.
func (f *File) checkLoops() {
	next := make([][]int, len(f.Routes))
	for i, r := range f.Routes {
		for n := range f.Routes {
			if n != i && r.DeadLetter.Subject != "" && f.Routes[n].takes(r.DeadLetter.Subject) {
				next[i] = append(next[i], n)
			}
		}
	}
	for _, circle := range Circles(next) {
		f.Problemf(fmt.Sprintf("routes[%d].dead_letter.subject", circle[0]),
			"%s: a rejected message would go round for ever; "+
				"keep the dead letters of one of them in a subject that none of these routes consumes",
			f.circleText(circle))
	}
}

// Circles returns circles in a graph, of which each number's successors are given: for each number the shortest
// circle of which it is the lowest, beginning with it.
func Circles(next [][]int) [][]int {
	var circles [][]int
	for i := range next {
		if circle := circleFrom(i, next); circle != nil {
			circles = append(circles, circle)
		}
	}
	return circles
}

// circleText describes a circle: each route, where its dead letters go, and which route consumes them.
func (f *File) circleText(circle []int) string {
	var b strings.Builder
	for n, i := range circle {
		if n > 0 {
			b.WriteString(", ")
		}
		r, by := f.Routes[i], f.Routes[circle[(n+1)%len(circle)]]
		fmt.Fprintf(&b, "the dead letters of route %s in %q are consumed by route %s", strconv.Quote(r.Name),
			r.DeadLetter.Subject, strconv.Quote(by.Name))
	}
	return b.String()
}

// circleFrom returns the shortest circle of which first is the lowest number, nil if there is none.
func circleFrom(first int, next [][]int) []int {
	from := map[int]int{first: -1}
	for queue := []int{first}; len(queue) > 0; queue = queue[1:] {
		for _, n := range next[queue[0]] {
			if n == first {
				var circle []int
				for at := queue[0]; at >= 0; at = from[at] {
					circle = append([]int{at}, circle...)
				}
				return circle
			}
			if _, seen := from[n]; seen || n < first {
				continue
			}
			from[n] = queue[0]
			queue = append(queue, n)
		}
	}
	return nil
}
