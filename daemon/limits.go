package daemon

import (
	"math"
	"time"

	"momento-bridge/batch"
	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/pipeline/quota"
)

// limitsOf turns what the file says of quotas into what the pipeline takes.
func limitsOf(c *config.Config) pipeline.Limits {
	l := pipeline.Limits{
		Region: rateOf(c.Limits.Rate, c.Limits.Burst),
		Caches: map[string]pipeline.Rate{},
		Routes: map[string]pipeline.RouteLimit{},
	}
	for name, limit := range c.Limits.Caches {
		l.Caches[name] = rateOf(limit.Rate, 0)
	}
	for _, r := range c.Routes {
		l.Routes[r.Name] = pipeline.RouteLimit{Rate: rateOf(r.Rate, 0), Weight: r.Weight}
	}
	return l
}

func rateOf(r config.Rate, burst int) pipeline.Rate {
	rate := pipeline.Rate{Ceiling: math.Inf(1), Burst: float64(burst)}
	switch {
	case r.Auto:
		rate.Learn = true
	case !r.Unlimited:
		rate.Ceiling = r.PerSecond
	}
	return rate
}

var overloads = map[string]pipeline.Overload{
	config.OverloadBlock:      pipeline.Block,
	config.OverloadDropOldest: pipeline.DropOldest,
	config.OverloadKeepLatest: pipeline.KeepLatest,
}

func batchOf(r *config.Route) pipeline.BatchConfig {
	b := &r.Batch
	cfg := pipeline.BatchConfig{MaxMessages: b.MaxMessages, MaxBytes: int(b.MaxBytes), Linger: time.Duration(b.Linger)}
	if b.Format == config.Packed {
		c := r.Carried()
		cfg.Packing = &batch.Packing{Subject: c.Subject, Time: c.Time, Headers: c.Headers}
		return cfg
	}
	framing, err := batch.Parse(b.Format)
	if err != nil {
		return pipeline.BatchConfig{} // none; the reader has refused every other name.
	}
	cfg.Framing = framing
	return cfg
}

// quotaOf is what a route may spend per second: alone, and while all other routes are busy. A rate that is learned may
// turn out to be the default quota, which is then assumed.
func quotaOf(c *config.Config, i int) (alone, busy float64, learned bool) {
	r := c.Routes[i]
	weights := 0
	for _, other := range c.Routes {
		weights += max(1, other.Weight)
	}
	alone, learned = least(c.Limits.Rate), c.Limits.Rate.Auto
	busy = alone * float64(max(1, r.Weight)) / float64(weights)
	for _, own := range [...]config.Rate{c.Limits.Caches[r.Cache].Rate, r.Rate} {
		if own == (config.Rate{}) {
			continue
		}
		if n := least(own); n < alone {
			alone, learned = n, own.Auto
		}
		busy = min(busy, alone)
	}
	return alone, busy, learned
}

// costOf is what a publish of so many bytes costs.
func costOf(c *config.Config, r config.Route, bytes float64) float64 {
	if c.Limits.Unit != config.UnitOperations {
		return 1
	}
	return quota.Cost(int(math.Ceil(bytes)), r.Subscribers)
}

// leastRate is how many messages per second a route can count on.
func leastRate(c *config.Config, i int) float64 {
	r := c.Routes[i]
	_, busy, _ := quotaOf(c, i)
	if r.Batch.Format == config.Packed { // What nothing makes shorter must be carried as well.
		r.Batch.Format = config.LengthPrefixed
	}
	return busy / costOf(c, r, float64(r.MaxPayload)) * messagesPerPublish(r)
}

func least(r config.Rate) float64 {
	if r.Auto {
		return pipeline.DefaultQuota
	}
	return rateOf(r, 0).Ceiling
}

// usualMessage is the size of a message, framing included, that estimates are made with where nothing is known yet.
const usualMessage = 256

// usualPacking is how many times as many messages a packed publish holds, as estimates have it: what JSON comes to. See
// docs/batch-formats.md.
const usualPacking = 5

// usualEvent is how much longer a CloudEvent is than its payload. See docs/cloudevents.md.
const usualEvent = 230

// usualSize is the size of the usual message as it is published.
func usualSize(r config.Route) float64 {
	if r.Envelope == config.EnvelopeCloudEvents {
		return usualMessage + usualEvent
	}
	return usualMessage
}

// publishSize is how many bytes a publish of so many messages is taken to have.
func publishSize(r config.Route, messages float64) float64 {
	if r.Batch.Format == config.Packed {
		return usualSize(r) * max(1, messages/usualPacking)
	}
	return usualSize(r) * messages
}

// messagesPerPublish estimates how many messages go into a publish when many wait.
func messagesPerPublish(r config.Route) float64 {
	b := r.Batch
	if b.Format == config.FormatNone {
		return 1
	}
	n := max(1, math.Floor(float64(b.MaxBytes)/usualSize(r)))
	if b.Format == config.Packed {
		n *= usualPacking
	}
	if b.MaxMessages > 0 {
		n = min(n, float64(b.MaxMessages))
	}
	return n
}
