package source

import (
	"fmt"
	"time"

	"momento-bridge/pipeline"
)

// postponeFor is when a message is delivered again whose dead letter could not be stored, and for which there was no
// room to wait.
const postponeFor = time.Minute

// Postpone implements pipeline.Postponer: the server delivers the message again after a while. Until then it counts
// as unacknowledged.
func (j *JetStream) Postpone(handle any) {
	reply, _ := j.held.remove(handle.(*delivery), false)
	if err := j.acks.handBackFor(reply, postponeFor); err != nil {
		j.throttled.Error("a message could not be handed back: it will be delivered again", "error", err)
	}
}

// handBackFor asks for a message to be delivered again after a while. It is not worth repeating.
func (a *Acks) handBackFor(reply string, d time.Duration) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count()
	return a.conn.Publish(reply, fmt.Appendf(nil, `%s {"delay": %d}`, ackNotNow, d.Nanoseconds()))
}

var _ pipeline.Postponer = (*JetStream)(nil)
