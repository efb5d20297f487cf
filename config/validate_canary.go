package config

import (
	"slices"
	"strings"
	"time"
)

// leastEvery is how often a canary may be sent at the most.
const leastEvery = Duration(time.Second)

// checkCanary fills the canary's cache where that follows from the routes.
func (f *File) checkCanary() {
	c := &f.Canary
	if c.Topic == "" || strings.Contains(c.Topic, "{{") {
		f.Problemf("canary.topic", "canary.topic %q: write the name of one topic, such as momento-bridge-canary",
			c.Topic)
	}
	if c.Every <= 0 || f.broken["canary.every"] {
		return
	}
	if c.Every < leastEvery {
		f.Problemf("canary.every", "canary.every %v must be at least %v, or 0s for never", c.Every, leastEvery)
	}
	switch caches := f.CanaryCaches(); len(caches) {
	case 0: // That is told of the routes.
	case 1:
		c.Cache = caches[0]
	default:
		f.Problemf("canary", "canary.cache is not set, and the routes publish to several caches: write which one the "+
			"canary is for, such as canary.cache: %s", caches[0])
	}
}

// CanaryCaches returns the cache that a canary is for; several, or none, where that is to be said yet.
func (c *Config) CanaryCaches() []string {
	if c.Canary.Cache != "" {
		return []string{c.Canary.Cache}
	}
	var caches []string
	for i := range c.Routes {
		if cache := c.Routes[i].Cache; cache != "" && !slices.Contains(caches, cache) {
			caches = append(caches, cache)
		}
	}
	return caches
}
