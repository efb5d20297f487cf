package status

import (
	"fmt"
	"strings"
	"time"

	"momento-bridge/condition"
	"momento-bridge/pipeline"
	"momento-bridge/printable"
)

// NotReady returns why the daemon does not carry messages, and what to do, each in one line without secrets: NATS, the
// sources, the key, the endpoint, the caches, permissions, dead letters.
func NotReady(f *Facts) []string {
	if f.Stuck != "" {
		return IsStuck(f.Stuck)
	}
	var reasons []string
	if f.Stopping {
		reasons = append(reasons, condition.Stopping.Sentence())
	}
	if !f.NATS.Connected {
		reasons = append(reasons, "nats: not connected: "+f.NATS.Why)
	}
	if f.Key.Missing != "" {
		reasons = append(reasons, "key: "+f.Key.Missing)
	}
	for i := range f.Routes {
		if why := f.notReady(i); why != "" {
			reasons = append(reasons, "route "+f.Pipeline.Routes[i].Name+": "+why)
		}
	}
	reasons = append(reasons, EndpointReasons(&f.Pipeline, f.Key)...)
	for i := range reasons {
		reasons[i] = Bounded(reasons[i])
	}
	return reasons
}

// IsStuck is all that is told of a daemon that is stuck: to ask for more would take for ever.
func IsStuck(why string) []string { return []string{Bounded(condition.Stuck.Sentence() + ": " + why)} }

// EndpointReasons returns those reasons of NotReady that come from the endpoint's answers: the key, the endpoint as a
// whole, then each route.
func EndpointReasons(stats *pipeline.Stats, key Key) []string {
	var reasons []string
	if stats.KeyRefused && !stats.KeyMissing {
		reasons = append(reasons, "endpoint: the API key is refused: "+stats.Why+key.noNewer()+"; "+key.Advice())
	}
	if stats.Down {
		text := "endpoint: down: " + stats.Why
		if !stats.WhyAdvised {
			text += "; " + condition.EndpointDown.Advice()
		}
		reasons = append(reasons, text)
	}
	for i := range stats.Routes {
		for _, text := range refusals(&stats.Routes[i]) {
			reasons = append(reasons, "route "+stats.Routes[i].Name+": "+text)
		}
	}
	return reasons
}

// refusals say what keeps messages of a route from being published or kept, while NATS, the key and the endpoint are
// well, but for topics that are forbidden while others are not.
func refusals(r *pipeline.RouteStats) []string {
	var texts []string
	if !r.LeftAlone.IsZero() {
		texts = append(texts, leftAloneText(r))
	}
	if r.CacheMissing {
		named := strings.Replace(condition.CacheMissing.Sentence(), "the cache", "the cache "+r.Cache, 1)
		texts = append(texts, named+"; "+condition.CacheMissing.Advice())
	}
	if r.RouteRefused || r.Forbidden > 0 && r.State == pipeline.Parked {
		texts = append(texts, condition.RouteForbidden.Sentence()+"; "+condition.RouteForbidden.Advice())
	}
	if r.Rejecting != "" {
		what := condition.Rejecting
		texts = append(texts, what.Sentence()+": "+Bounded(r.Rejecting)+"; "+what.Advice())
	}
	if r.Unkept > 0 {
		texts = append(texts, unkeptText(r))
	}
	return texts
}

// routeReason says why a route does not carry messages, or not all of them, and what to do where that is about this
// route; empty while it does, or could.
func routeReason(f *Facts, i int) string {
	s, known := &f.Pipeline.Routes[i], &f.Routes[i]
	switch {
	case s.State == pipeline.Paused:
		return pausedReason(known)
	case !f.NATS.Connected:
		return condition.Disconnected.Sentence()
	case f.carriage(s.Name).state == standby:
		c := f.carriage(s.Name)
		return c.reason()
	case known.NotReady != "":
		return known.NotReady
	case known.Starved != "":
		return known.Starved
	case f.Pipeline.KeyMissing:
		return condition.KeyMissing.Sentence()
	case f.Pipeline.KeyRefused:
		return condition.KeyRefused.Sentence()
	case f.Pipeline.Down:
		return condition.EndpointDown.Sentence()
	}
	texts := refusals(s)
	if len(texts) == 0 || len(texts) == 1 && s.Unkept > 0 {
		if text := forbidden(s); text != "" {
			return text
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

// leftAloneText says until when nothing of a route is published as the endpoint wishes so, and what to do.
func leftAloneText(r *pipeline.RouteStats) string {
	return condition.LeftAlone.Sentence() + " (Retry-After, with " + r.LeftAloneWhy + "): it is tried again at " +
		r.LeftAlone.UTC().Format(time.RFC3339) + ", and at once by a reload (SIGHUP) or a resume"
}

// unkeptText says how many messages wait as no dead letter can be stored, and why.
func unkeptText(r *pipeline.RouteStats) string {
	if r.Unkept == 1 {
		return "1 message waits to be kept as a dead letter: " + r.UnkeptWhy
	}
	return fmt.Sprintf("%d messages wait to be kept as dead letters: %s", r.Unkept, r.UnkeptWhy)
}

// Advice is what to do about a key that is refused.
func (k *Key) Advice() string {
	if k.Vended {
		return condition.KeyMissing.Advice()
	}
	return condition.RefusedKey(k.Holder)
}

// noNewer says why no other key than the one that is refused could be had; empty if nothing is known against it.
func (k *Key) noNewer() string {
	if k.Trouble == "" {
		return ""
	}
	return "; no newer one could be had: " + k.Trouble
}

// maxReason bounds a reason, in bytes: it may hold what a server has said.
const maxReason = 500

// Bounded returns text as one printable line of at most 500 bytes. What is longer is cut and ends with an ellipsis.
func Bounded(text string) string {
	return printable.Bounded(text, maxReason)
}
