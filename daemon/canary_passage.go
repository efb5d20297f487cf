package daemon

import (
	"encoding/json"
	"fmt"
	"time"
)

// CanaryPassage is how one message got on. Durations count from when it was sent; 0: it did not get there, or that was
// not heard of.
type CanaryPassage struct {
	Bridge   string // Which one carried it; empty: none.
	Taken    time.Duration
	Accepted time.Duration
	Seen     time.Duration
	Why      string // Why it did not get through; empty: it did.
}

// hear takes what has come to the reply subject. A stream that takes the message answers, too.
func (p *CanaryPassage) hear(data []byte, at time.Duration, to canaryTarget, waits *string) {
	var news canaryNews
	if json.Unmarshal(data, &news) != nil || news.Bridge == "" {
		return
	}
	p.note(&news, at, waits)
	if news.Cache != to.cache || news.Topic != to.topic {
		p.Why = fmt.Sprintf("the canary of the running bridge goes to %s/%s: give its configuration (--config)",
			news.Cache, news.Topic)
	}
}

// inOrder corrects what the bridge told after the message had come: that was before.
func (p CanaryPassage) inOrder() CanaryPassage {
	if p.Seen > 0 {
		p.Taken, p.Accepted = min(p.Taken, p.Seen), min(p.Accepted, p.Seen)
	}
	return p
}

// note takes what a bridge tells.
func (p *CanaryPassage) note(news *canaryNews, at time.Duration, waits *string) {
	switch p.Bridge = news.Bridge; news.Stage {
	case stageTaken:
		p.Taken = at
	case stageHeld:
		*waits = news.Why
	case stageAccepted:
		p.Accepted = at
	case stageRefused:
		p.Why = news.Why
	}
}

// stopped says where a message stopped for which there is no time left.
func (p *CanaryPassage) stopped(waits string, t *CanaryTry) string {
	switch {
	case p.Accepted > 0:
		return fmt.Sprintf("the endpoint has accepted it, and the subscriber has not got it within %v", t.timeout)
	case p.Taken > 0 && waits != "":
		return fmt.Sprintf("the bridge has held it for %v: %s", t.timeout, waits)
	case p.Taken > 0:
		return fmt.Sprintf("the bridge has it, and the endpoint has not accepted it within %v", t.timeout)
	}
	return fmt.Sprintf("NATS has not brought it to a bridge within %v: the NATS user needs to publish and to "+
		"subscribe to mb.%s.> (docs/permissions.md)", t.timeout, t.plan.file.Limits.Group)
}
