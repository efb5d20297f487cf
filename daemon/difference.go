package daemon

import (
	"reflect"
	"slices"
	"strings"

	"momento-bridge/admin"
	"momento-bridge/config"
)

// difference returns what a reload from one configuration to another has to do: which routes come, go and change,
// whether limits do, and which settings only a restart puts in force. A route is changed if anything of it is but its
// ceiling and its weight, which are limits.
func difference(now, next *config.Config) admin.Reloaded {
	var d admin.Reloaded
	for i := range next.Routes {
		r := &next.Routes[i]
		switch before := routeNamed(now, r.Name); {
		case before == nil:
			d.Added = append(d.Added, r.Name)
		case !sameRoute(before, r):
			d.Changed = append(d.Changed, r.Name)
			d.Limits = d.Limits || !sameLimits(before, r)
		default:
			d.Limits = d.Limits || !sameLimits(before, r)
		}
	}
	for i := range now.Routes {
		if name := now.Routes[i].Name; routeNamed(next, name) == nil {
			d.Removed = append(d.Removed, name)
		}
	}
	d.Limits = d.Limits || now.Limits.Rate != next.Limits.Rate || now.Limits.Burst != next.Limits.Burst ||
		!reflect.DeepEqual(now.Limits.Caches, next.Limits.Caches)
	effective := reloadable(now, next)
	d.Restart = otherKeys("", reflect.ValueOf(*effective), reflect.ValueOf(*next))
	return d
}

// reloadable returns a configuration with what a reload takes over from the next one.
func reloadable(now, next *config.Config) *config.Config {
	c := *now
	c.Routes = slices.Clone(next.Routes)
	c.Limits.Rate, c.Limits.Burst, c.Limits.Caches = next.Limits.Rate, next.Limits.Burst, next.Limits.Caches
	return &c
}

func routeNamed(c *config.Config, name string) *config.Route {
	if i := slices.IndexFunc(c.Routes, func(r config.Route) bool { return r.Name == name }); i >= 0 {
		return &c.Routes[i]
	}
	return nil
}

// sameRoute reports whether two routes are the same but for their limits.
func sameRoute(a, b *config.Route) bool {
	one, other := *a, *b
	one.Rate, one.Weight, other.Rate, other.Weight = config.Rate{}, 0, config.Rate{}, 0
	return reflect.DeepEqual(one, other)
}

func sameLimits(a, b *config.Route) bool { return a.Rate == b.Rate && a.Weight == b.Weight }

// otherKeys returns the keys below path whose values are not the same.
func otherKeys(path string, a, b reflect.Value) []string {
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return nil
	}
	if a.Kind() != reflect.Struct || a.NumField() == 0 || a.Type().Field(0).Tag.Get("yaml") == "" {
		return []string{path}
	}
	var keys []string
	for i := range a.NumField() {
		key := strings.TrimPrefix(path+"."+a.Type().Field(i).Tag.Get("yaml"), ".")
		keys = append(keys, otherKeys(key, a.Field(i), b.Field(i))...)
	}
	return keys
}
