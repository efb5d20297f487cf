package daemon

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"momento-bridge/config"
	"momento-bridge/terminal"
)

// manyAlike routes on one stream are worth a hint: from there on their consumers cost the server more than all else.
const manyAlike = 20

// ownKeys are what each route has for itself, whether or not one could take the place of several.
var ownKeys = []string{"name", "subject", "subjects", "consumer"}

// consumerHints say where many routes of a stream could be one route, with one consumer, and which settings keep others
// from that.
func consumerHints(c *config.Config) []string {
	var streams []string
	byStream := map[string][]*config.Route{}
	for i := range c.Routes {
		r := &c.Routes[i]
		if r.Stream == "" {
			continue
		}
		if byStream[r.Stream] == nil {
			streams = append(streams, r.Stream)
		}
		byStream[r.Stream] = append(byStream[r.Stream], r)
	}
	var hints []string
	for _, stream := range streams {
		if routes := byStream[stream]; len(routes) >= manyAlike {
			hints = append(hints, consumerHint(stream, routes))
		}
	}
	return hints
}

func consumerHint(stream string, routes []*config.Route) string {
	text := fmt.Sprintf("%s consume the stream %s, each by a consumer of its own, which the server looks after one by "+
		"one: ", terminal.Plural(len(routes), "route"), stream)
	alike, keys := mostAlike(routes), differing(routes)
	if alike < manyAlike {
		return text + fmt.Sprintf("where they need not differ in %s, one route with `subjects` carries the same for a "+
			"fraction of that (docs/routes.md)", strings.Join(keys, ", "))
	}
	text += fmt.Sprintf("%d of them have the same settings, so that one route with `subjects` carries the same for a "+
		"fraction of that; routes of their own do not hold each other up (docs/routes.md)", alike)
	if len(keys) > 0 {
		text += ". Others differ in " + strings.Join(keys, ", ")
	}
	return text
}

// mostAlike is how many routes have the same settings, at the most.
func mostAlike(routes []*config.Route) int {
	most, alike := 0, map[string]int{}
	for _, r := range routes {
		same := *r
		same.Name, same.Subject, same.Subjects, same.Consumer = "", "", nil, ""
		key := fmt.Sprintf("%#v", same)
		alike[key]++
		most = max(most, alike[key])
	}
	return most
}

// differing are the keys that routes do not all have the same values of.
func differing(routes []*config.Route) []string {
	var keys []string
	first := reflect.ValueOf(routes[0]).Elem()
	for i := range first.NumField() {
		key := first.Type().Field(i).Tag.Get("yaml")
		if slices.Contains(ownKeys, key) {
			continue
		}
		if slices.ContainsFunc(routes[1:], func(r *config.Route) bool {
			return !reflect.DeepEqual(first.Field(i).Interface(), reflect.ValueOf(r).Elem().Field(i).Interface())
		}) {
			keys = append(keys, key)
		}
	}
	return keys
}
