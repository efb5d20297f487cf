package daemon

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/canary"
	"momento-bridge/pipeline"
)

// canaryNews is what a bridge tells of a guest's canary, on the reply subject of its message.
type canaryNews struct {
	Bridge string `json:"bridge"` // Its name.
	Cache  string `json:"cache"`
	Topic  string `json:"topic"`
	Stage  string `json:"stage"` // taken, held, accepted, refused.
	Why    string `json:"why,omitempty"`
}

// The stages that a guest is told of.
const (
	stageTaken    = "taken"
	stageHeld     = "held"
	stageAccepted = "accepted"
	stageRefused  = "refused"
)

// canaryGuests carries canaries of others: of `momento-bridge canary`.
type canaryGuests struct {
	conn  *nats.Conn
	to    canaryTarget
	name  string
	holds func() canary.Bridge
	route *pipeline.Route

	mu   sync.Mutex // Guards the following.
	held []*canaryGuest
}

// canaryGuest is one of them, under way.
type canaryGuest struct {
	reply string
	told  time.Time
}

const (
	// mostGuests are carried at a time.
	mostGuests = 8
	// guestNews is how often a guest is told why its message waits.
	guestNews = time.Second
)

// take takes a guest's message from NATS.
func (g *canaryGuests) take(m *nats.Msg) {
	if _, err := canary.Read(m.Data); err != nil || m.Reply == "" {
		return
	}
	now := time.Now()
	guest := &canaryGuest{reply: m.Reply, told: now}
	g.mu.Lock()
	busy := len(g.held) >= mostGuests
	if !busy {
		g.held = append(g.held, guest)
	}
	g.mu.Unlock()
	if busy {
		g.say(guest, stageRefused, "the bridge is busy with the canaries of others: try again later")
		return
	}
	g.say(guest, stageTaken, "")
	if !g.route.Offer(pipeline.Message{Topic: g.to.topic, Payload: m.Data, Time: now, Handle: guest}) {
		g.leave(guest)
		g.say(guest, stageRefused, "the bridge has no memory for it")
	}
}

func (g *canaryGuests) say(to *canaryGuest, stage, why string) {
	text, err := json.Marshal(canaryNews{g.name, g.to.cache, g.to.topic, stage, why})
	if err == nil {
		_ = g.conn.Publish(to.reply, text) // Who does not hear it says so.
	}
}

// tell tells guests why their messages wait.
func (g *canaryGuests) tell(now time.Time) {
	g.mu.Lock()
	var waiting []*canaryGuest
	for _, guest := range g.held {
		if now.Sub(guest.told) >= guestNews {
			guest.told = now
			waiting = append(waiting, guest)
		}
	}
	g.mu.Unlock()
	if len(waiting) == 0 {
		return
	}
	b := g.holds()
	for _, guest := range waiting {
		g.say(guest, stageHeld, whyHeld(&b))
	}
}

// whyHeld is the gravest of what holds a message in the bridge.
func whyHeld(b *canary.Bridge) string {
	for _, why := range [...]string{b.Known, b.Slow, b.Refuses, b.Holds} {
		if why != "" {
			return why
		}
	}
	return "the bridge does not say why"
}

func (g *canaryGuests) leave(guest *canaryGuest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = slices.DeleteFunc(g.held, func(other *canaryGuest) bool { return other == guest })
}

// Settle implements pipeline.Settler.
func (g *canaryGuests) Settle(handle any, o pipeline.Outcome) {
	guest, ok := handle.(*canaryGuest)
	if !ok {
		return
	}
	g.leave(guest)
	switch {
	case o == pipeline.Published:
		g.say(guest, stageAccepted, "")
	case o != pipeline.DeadLettered:
		g.say(guest, stageRefused, "the bridge stops")
	}
}

// Keep implements pipeline.DeadLetters.
func (g *canaryGuests) Keep(m *pipeline.Message, r pipeline.Rejection) error {
	if guest, ok := m.Handle.(*canaryGuest); ok {
		g.say(guest, stageRefused, rejected(&r))
	}
	return nil
}
