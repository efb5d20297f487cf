package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/config"
	"momento-bridge/source"
	"momento-bridge/subject"
)

// circleSearch looks for routes that consume each other's dead letters, where only NATS knows: which stream takes a
// subject.
type circleSearch struct {
	js     jetstream.JetStream
	routes []routePlan
	deep   bool // Also through the sources of streams, which needs a permission that run needs for nothing else.

	takers map[string]string   // By subject of dead letters: the stream that takes them, empty where that is not known.
	from   map[string][]string // By stream: those that it has its messages from, itself included.
}

// circles returns an error if dead letters would go round among the routes. It looks once, with the connection that
// is there by then.
func (d *Daemon) circles(ctx context.Context) error {
	d.circled.Do(func() {
		d.lineup.RLock()
		routes := d.plan.routes
		d.lineup.RUnlock()
		d.circle = findCircle(ctx, d.nats, routes, false)
	})
	return d.circle
}

// checkCircles tells of a circle; that there is none goes without saying.
func checkCircles(ctx context.Context, list Checks, conn *nats.Conn, p *Plan) {
	if err := findCircle(ctx, conn, p.routes, true); err != nil {
		list.Fail("dead letters", err, "")
	}
}

func findCircle(ctx context.Context, conn *nats.Conn, routes []routePlan, deep bool) error {
	js, err := source.NewAPI(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, onlineTimeout)
	defer cancel()
	s := circleSearch{js: js, routes: routes, deep: deep, takers: map[string]string{}, from: map[string][]string{}}
	if len(config.Circles(s.graph(s.mayTake))) == 0 {
		return nil
	}
	circles := config.Circles(s.graph(func(i, n int) bool { return s.mayTake(i, n) && s.takes(ctx, i, n) }))
	if len(circles) == 0 {
		return nil
	}
	return fmt.Errorf("%s: a rejected message would go round for ever; keep the dead letters of one of these routes "+
		"where none of them consumes, "+
		"or give the routes subjects that leave them out", s.text(circles[0]))
}

// graph returns, for each route, those that consume its dead letters.
func (s *circleSearch) graph(takes func(i, n int) bool) [][]int {
	next := make([][]int, len(s.routes))
	for i, r := range s.routes {
		for n := range s.routes {
			if r.deadLetter != "" && takes(i, n) {
				next[i] = append(next[i], n)
			}
		}
	}
	return next
}

// mayTake reports whether the filters of route n let the dead letters of route i through.
func (s *circleSearch) mayTake(i, n int) bool {
	filters := s.routes[n].filters()
	return len(filters) == 0 || slices.ContainsFunc(filters,
		func(filter string) bool { return subject.Overlap(filter, s.routes[i].deadLetter) })
}

// takes reports whether route n consumes the dead letters of route i, which its filters let through. That a route
// consumes its own from its own stream is said elsewhere.
func (s *circleSearch) takes(ctx context.Context, i, n int) bool {
	r, subject := &s.routes[n], s.routes[i].deadLetter
	if r.jetStream == nil {
		return true
	}
	taker, asked := s.takers[subject]
	if !asked {
		// Who may not ask is told so when the dead letters are looked at.
		taker, _ = s.js.StreamNameBySubject(ctx, subject)
		s.takers[subject] = taker
	}
	own := i == n && taker == r.jetStream.Stream
	return taker != "" && !own && slices.Contains(s.sources(ctx, r.jetStream.Stream), taker)
}

// sources lists the streams whose messages get into a stream.
func (s *circleSearch) sources(ctx context.Context, stream string) []string {
	if known, ok := s.from[stream]; ok {
		return known
	}
	s.from[stream] = []string{stream} // For circles of streams.
	if !s.deep {
		return s.from[stream]
	}
	info, err := s.js.Stream(ctx, stream)
	if err != nil {
		return s.from[stream]
	}
	cfg := info.CachedInfo().Config
	from := cfg.Sources
	if cfg.Mirror != nil {
		from = append(from, cfg.Mirror)
	}
	for _, other := range from {
		if other.External == nil {
			s.from[stream] = append(s.from[stream], s.sources(ctx, other.Name)...)
		}
	}
	return s.from[stream]
}

// text tells a circle.
func (s *circleSearch) text(circle []int) string {
	var parts []string
	for n, i := range circle {
		r, by := &s.routes[i], &s.routes[circle[(n+1)%len(circle)]]
		part := fmt.Sprintf("the dead letters of route %s in %s", r.route.Name, r.deadLetter)
		if by.jetStream != nil {
			part += " get into the stream " + by.jetStream.Stream + " and"
		}
		parts = append(parts, part+" are consumed by route "+by.route.Name)
	}
	return strings.Join(parts, ", ")
}

// filters are the subjects that a route consumes; none: a whole stream.
func (r *routePlan) filters() []string {
	if r.core != nil {
		return r.core.Filters()
	}
	return r.jetStream.Filters()
}
