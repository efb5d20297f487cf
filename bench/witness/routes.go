package main

import (
	"fmt"
	"slices"
	"strings"
)

// routeSpec is one route of the daemon and the load on it.
type routeSpec struct {
	name   string
	stream bool
	rate   float64 // Messages per second that are published to it.
	topics int
	dead   bool // It has dead letters.
	config string
}

// subject is the beginning of its subjects and topics.
func (r *routeSpec) subject() string { return "w." + r.name + "." }

// counted reports whether each of its messages is known to wait or to have ended: not where messages may be replaced,
// or lost on their way.
func (r *routeSpec) counted() bool { return r.stream && r.name != atMostOnce }

const atMostOnce = "once"

var allRoutes = []routeSpec{
	{name: "ordered", stream: true, rate: 15, topics: 8, dead: true, config: "cache: c, give_up_after: 10m"},
	{name: "loose", stream: true, rate: 12, topics: 8, config: "cache: c, ordering: none"},
	{
		name: "batched", stream: true, rate: 30, topics: 4, dead: true,
		config: "cache: c, batch: {format: json, max_messages: 20}",
	},
	{name: "core", rate: 8, topics: 4, config: "cache: c"},
	{name: "latest", rate: 10, topics: 3, config: "cache: c, overload: keep-latest"},
	{name: atMostOnce, stream: true, rate: 6, topics: 4, config: "cache: second, delivery: at-most-once"},
}

// chosen returns those of the given names; all for none.
func chosen(names []string) ([]routeSpec, error) {
	if len(names) == 0 {
		return allRoutes, nil
	}
	var found []routeSpec
	for _, name := range names {
		i := slices.IndexFunc(allRoutes, func(r routeSpec) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-routes: there is no route %q", name)
		}
		found = append(found, allRoutes[i])
	}
	return found, nil
}

// configuration is the daemon's.
func configuration(routes []routeSpec, nats, endpoint, keyFile, stateDir string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q, timeout: %v, connections: 16}\n"+
		"limits: {rate: auto}\nstate_dir: %q\nlog: {format: json}\nroutes:\n",
		nats, endpoint, keyFile, publishTimeout, stateDir)
	for i := range routes {
		r := &routes[i]
		fmt.Fprintf(&text, "  - {name: %s, subject: %q, topic: \"{{subject}}\", %s", r.name, r.subject()+">", r.config)
		if r.stream {
			fmt.Fprintf(&text, ", stream: %s", r.streamName())
		}
		if r.dead {
			fmt.Fprintf(&text, ", dead_letter: {subject: dead.%s}", r.name)
		}
		text.WriteString("}\n")
	}
	return text.String()
}

func (r *routeSpec) streamName() string { return "S_" + r.name }

// routeOf returns the name of the route whose topic it is.
func routeOf(topic string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(topic, "w."), ".")
	return name
}
