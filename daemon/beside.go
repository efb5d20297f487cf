package daemon

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/source/bus"
	"momento-bridge/terminal"
)

// Beside is what daemons publish to the endpoint of a load test, as they tell on NATS.
type Beside struct {
	bus.Heard
	Group string
	Unit  string // What their quota counts.
}

// leastUse is the least rate that people are told of: what was used long ago fades, and never ends.
const leastUse = 0.01

// String says it in a sentence.
func (b *Beside) String() string {
	if b.Members == 0 {
		return fmt.Sprintf("none of group %s tells on NATS that it publishes to this endpoint", b.Group)
	}
	who := fmt.Sprintf("%d members of group %s with this endpoint publish", b.Members, b.Group)
	if b.Members == 1 {
		who = fmt.Sprintf("one member of group %s with this endpoint publishes", b.Group)
	}
	unit := ""
	if b.Unit == config.UnitOperations {
		unit = " operations"
	}
	text := who + " nothing at the moment"
	if b.Used >= leastUse {
		text = fmt.Sprintf("%s %s%s/s", who, terminal.Number(b.Used), unit)
	}
	if b.Rate > 0 {
		text += fmt.Sprintf(" of the %s%s/s that they share", terminal.Number(b.Rate), unit)
	}
	return text
}

// Beside listens for the daemons of the plan's group. They may count in another unit than the plan says.
func (p *Plan) Beside(ctx context.Context, conn *nats.Conn) (*Beside, error) {
	type answer struct {
		unit  string
		heard bus.Heard
		err   error
	}
	units := [...]string{p.file.Limits.Unit, otherUnit(p.file.Limits.Unit)}
	answers := make(chan answer, len(units))
	for _, unit := range units {
		go func() {
			h, err := bus.Listen(ctx, conn, p.file.Limits.Group, p.quotasIn(unit), pipeline.ScopeRegion)
			answers <- answer{unit, h, err}
		}()
	}
	b := &Beside{Group: p.file.Limits.Group, Unit: p.file.Limits.Unit}
	var failed error
	for range units {
		a := <-answers
		if a.err != nil {
			failed = a.err
		}
		if a.heard.Members > b.Members {
			b.Heard, b.Unit = a.heard, a.unit
		}
	}
	if failed != nil && b.Members == 0 {
		return nil, failed
	}
	return b, nil
}

func otherUnit(unit string) string {
	if unit == config.UnitOperations {
		return config.UnitPublishes
	}
	return config.UnitOperations
}
