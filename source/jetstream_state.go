package source

import (
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/condition"
)

func (j *JetStream) consuming(info *jetstream.ConsumerInfo, s Settings) {
	held, _ := j.held.count()
	j.numbers(info)
	j.figures.told(info, int64(info.NumAckPending)-int64(held))
	j.setReason("")
	j.log.Info("consuming JetStream", "pending", info.NumPending, "ack_pending", info.NumAckPending,
		"ack_wait", s.AckWait, "max_ack_pending", s.MaxAckPending, "held", s.Held)
}

func (j *JetStream) numbers(info *jetstream.ConsumerInfo) {
	j.pending.Store(int64(info.NumPending))
	j.ackWaits.Store(int64(info.NumAckPending))
	j.resume.acknowledged(info)
}

// complain logs a failure to consume when it is not the same as before. That there is no connection is said once, by
// the connection.
func (j *JetStream) complain(err error) {
	if j.setReason(err.Error()) && !errors.Is(err, errNotConnected) {
		j.log.Error("cannot consume, still trying", "error", err, condition.Attribute, condition.NotConsuming)
	}
}

// setReason reports whether the reason has changed.
func (j *JetStream) setReason(reason string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	changed := j.reason != reason
	j.reason = reason
	return changed
}

// Ready reports whether the consumer is bound and delivers, or another replica consumes the route, and if not, why.
func (j *JetStream) Ready() (bool, string) {
	if j.standing.Load() {
		if j.Standby() != "" {
			return true, ""
		}
		return false, "no replica has the lease of the route: it is taken soon"
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.reason == "", j.reason
}

// Pending returns the consumer's messages that are not delivered yet, and those that are and wait for their
// acknowledgement.
func (j *JetStream) Pending() (undelivered, unacknowledged int64) {
	return j.pending.Load(), j.ackWaits.Load()
}

// Missed is how often the consumer was silent for longer than its heartbeats allow.
func (j *JetStream) Missed() uint64 { return j.missed.Load() }

// Renewals is how many deliveries have had their time to be acknowledged extended.
func (j *JetStream) Renewals() uint64 { return j.renewals.Load() }

// gone reports whether an error means that the consumer does not exist.
func gone(err error) bool {
	return errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound)
}
