package daemon

import (
	"fmt"
	"math"
	"time"

	"momento-bridge/config"
	"momento-bridge/terminal"
)

const (
	// canaryCost is what a canary costs in operations, as Momento counts them: a publish and a delivery.
	canaryCost = 2
	// canaryShare is how much of the quota canaries should cost at the most.
	canaryShare = 0.01
)

// canaryNote says what is sent how often, and what that costs; empty: nothing is sent.
func canaryNote(c *config.Config) string {
	if c.Canary.Every <= 0 {
		return ""
	}
	return fmt.Sprintf("a message to %s/%s every %v, %.2g operations/s and a long poll each; a loss is told "+
		"within %v", c.Canary.Cache, c.Canary.Topic, c.Canary.Every, canaryCost/time.Duration(c.Canary.Every).Seconds(),
		time.Duration(c.Canary.Every)+10*time.Second)
}

// canaryWarnings say that canaries are sent too often for the quota.
func canaryWarnings(c *config.Config) []string {
	every := time.Duration(c.Canary.Every)
	if every <= 0 {
		return nil
	}
	rate, by := least(c.Limits.Rate), "limits.rate"
	if own, ok := c.Limits.Caches[c.Canary.Cache]; ok && least(own.Rate) < rate {
		rate, by = least(own.Rate), "limits.caches."+c.Canary.Cache
	}
	if c.Limits.Rate.Auto && by == "limits.rate" {
		by = "the default quota"
	}
	share := canaryCost / every.Seconds() / rate
	if math.IsInf(rate, 1) || share <= canaryShare {
		return nil
	}
	enough := time.Duration(math.Ceil(canaryCost/canaryShare/rate)) * time.Second
	return []string{fmt.Sprintf("canary.every %v costs %.2g %% of %s, which is %s/s, and each further replica hears "+
		"it, too: it should cost at most %g %%; raise it to %v", every, 100*share, by, terminal.Number(rate),
		100*canaryShare, enough)}
}
