package show

import (
	"fmt"
	"time"

	"momento-bridge/admin"
	"momento-bridge/terminal"
)

// canaryText says how the canary does; empty: none is sent.
func canaryText(c *admin.Canary, now time.Time) string {
	if c == nil {
		return ""
	}
	text := markOf(admin.CanarySeverity(c.State)).String() + " " + c.State
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	if c.LastSeen == nil || c.LastSeconds == nil {
		return text + fmt.Sprintf("; %d sent", c.Sent)
	}
	text += fmt.Sprintf("; the latest took %s, %s ago", terminal.Seconds(*c.LastSeconds),
		terminal.Age(max(0, now.Sub(*c.LastSeen))))
	if c.P50 != nil && c.P99 != nil {
		text += fmt.Sprintf(" (p50 %s, p99 %s)", terminal.Seconds(*c.P50), terminal.Seconds(*c.P99))
	}
	return text + fmt.Sprintf("; %d of %d seen, %d lost, %d late", c.Seen, c.Sent, c.Lost-min(c.Lost, c.Found), c.Late)
}
