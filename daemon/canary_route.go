package daemon

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"momento-bridge/canary"
	"momento-bridge/pipeline"
)

// canaryRouteName is a name that no route of a configuration can have.
const canaryRouteName = "(canary)"

// canaryEnds is told how canaries end.
type canaryEnds interface {
	pipeline.Settler
	pipeline.DeadLetters
}

// canaryRoute is the way of canaries through the pipeline: that of any message, and counted apart.
func canaryRoute(to canaryTarget, ends canaryEnds) pipeline.RouteConfig {
	return pipeline.RouteConfig{
		Name: canaryRouteName, Cache: to.cache, Ordered: true, MaxPayload: canary.MaxSize, Subscribers: 1,
		Drops: true, BelieveRejections: true, Apart: true, Settler: ends, DeadLetters: ends,
	}
}

// Settle implements pipeline.Settler.
func (c *canaries) Settle(handle any, o pipeline.Outcome) {
	n, own := handle.(uint64)
	if !own {
		c.guests.Settle(handle, o)
		return
	}
	now := time.Now()
	c.with(func() {
		switch {
		case o == pipeline.Published:
			c.watch.Accepted(now, n)
		case o != pipeline.DeadLettered: // That was told with its reason.
			c.watch.Forget(n)
		}
	})
}

// Keep implements pipeline.DeadLetters: what is refused for good is kept nowhere, and told.
func (c *canaries) Keep(m *pipeline.Message, r pipeline.Rejection) error {
	n, own := m.Handle.(uint64)
	if !own {
		return c.guests.Keep(m, r)
	}
	c.with(func() { c.watch.Refused(n, rejected(&r)) })
	return nil
}

// rejected says why the endpoint refuses a canary for good.
func rejected(r *pipeline.Rejection) string {
	return "the endpoint refuses it: " + cmp.Or(r.Detail, r.Reason)
}

// holds says what keeps canaries in the bridge, which holds one.
func (c *canaries) holds() canary.Bridge {
	all := c.d.pipe.Stats()
	return bridgeOf(&all, c.route)
}

// bridgeOf is what the bridge says of itself, and of its route for canaries.
func bridgeOf(all *pipeline.Stats, r *pipeline.Route) canary.Bridge {
	own := r.Stats()
	return canary.Bridge{
		Known: known(all, &own), Slow: slow(all, &own), Refuses: refuses(&own), Holds: holdsBack(&own),
	}
}

// known is what the bridge tells anyway, without a canary.
func known(all *pipeline.Stats, own *pipeline.RouteStats) string {
	switch {
	case all.KeyMissing:
		return "there is no API key yet"
	case all.KeyRefused:
		return "the endpoint refuses the API key"
	case all.Down:
		return "the endpoint is down"
	case !own.LeftAlone.IsZero():
		return "the endpoint asks for a long pause"
	}
	for i := range all.Routes {
		if r := &all.Routes[i]; r.CacheMissing && r.Cache == own.Cache {
			return fmt.Sprintf("the cache %s does not exist", r.Cache)
		}
	}
	return ""
}

// slow is why little is published, which the bridge tells anyway. Whoever subscribes is not concerned.
func slow(all *pipeline.Stats, own *pipeline.RouteStats) string {
	switch {
	case slices.ContainsFunc(all.Quotas, func(q pipeline.QuotaStats) bool { return q.Refusing }):
		return "the endpoint refuses for quota (429)" // Between the attempts, too, while the quota's pause lasts.
	case own.LimitedBy == pipeline.ByQuota:
		return "the quota is used up"
	}
	return ""
}

func refuses(own *pipeline.RouteStats) string {
	switch {
	case own.CacheMissing:
		return fmt.Sprintf("the cache %s does not exist: create it, or set canary.cache", own.Cache)
	case own.Rejecting != "":
		return "the endpoint rejects it: " + own.Rejecting
	case own.Forbidden > 0 || own.RouteRefused:
		return "the API key may not publish to the canary's topic: grant it, or set canary.topic"
	}
	return ""
}

func holdsBack(own *pipeline.RouteStats) string {
	switch {
	case own.Troubled > 0:
		return "the endpoint fails it, and it is tried again"
	case own.InFlight > 0:
		return "the endpoint has not answered yet"
	case own.LimitedBy == pipeline.ByConnections:
		return "every connection is in use"
	}
	return ""
}
