package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/source"
)

// relined returns the lines of another configuration: those that stay are as they were. It tries those that are new or
// changed, and returns all that is wrong with them.
func (d *Daemon) relined(ctx context.Context, what *admin.Reloaded, f *config.File) ([]*line, error) {
	lines, routes := make([]*line, len(f.Routes)), make([]routePlan, len(f.Routes))
	for i := range f.Routes {
		name := f.Routes[i].Name
		if slices.Contains(what.Added, name) || slices.Contains(what.Changed, name) {
			routes[i] = newRoutePlan(f, i)
			continue
		}
		lines[i] = d.lineNamed(name)
		routes[i] = *lines[i].plan
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if len(what.Added)+len(what.Changed) > 0 {
		if err := d.try(ctx, routes, func(i int) bool { return lines[i] == nil }); err != nil {
			return nil, err
		}
	}
	var begun []*line
	for i := range lines {
		if lines[i] != nil {
			continue
		}
		l, err := d.connect(&routes[i])
		if err != nil {
			d.forget(begun)
			return nil, fmt.Errorf("route %s: %w", routes[i].route.Name, err)
		}
		l.checked = true
		lines[i], begun = l, append(begun, l)
	}
	return lines, nil
}

func (d *Daemon) lineNamed(name string) *line {
	i := slices.IndexFunc(d.lines, func(l *line) bool { return l.name() == name })
	if i < 0 {
		return nil
	}
	return d.lines[i]
}

// try tries routes that are to begin, as the check of a configuration does: streams, consumers, permissions, and where
// dead letters go. It returns all that is wrong.
func (d *Daemon) try(ctx context.Context, routes []routePlan, begins func(i int) bool) error {
	if !d.nats.IsConnected() {
		return errNotConnected
	}
	ctx, cancel := context.WithTimeout(ctx, 4*onlineTimeout)
	defer cancel()
	var problems []error
	for i := range routes {
		if !begins(i) {
			continue
		}
		for _, err := range d.tryRoute(ctx, &routes[i]) {
			problems = append(problems, fmt.Errorf("route %s: %w", routes[i].route.Name, err))
		}
	}
	if err := findCircle(ctx, d.nats, routes, false); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (d *Daemon) tryRoute(ctx context.Context, r *routePlan) []error {
	var problems []error
	if r.jetStream != nil {
		var all []*source.JetStream
		for _, cfg := range r.streams() {
			js, err := source.NewJetStream(d.nats, d.acks, cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				return []error{err}
			}
			all = append(all, js)
		}
		for _, found := range source.Inspect(ctx, all) {
			if found.Err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", found.What, found.Err))
			}
		}
	}
	if r.deadLetter != "" {
		letters, err := source.NewDeadLetters(d.nats, r.deadLetter, d.log)
		if err == nil {
			err = letters.Check(ctx, r.wholeStream())
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}
