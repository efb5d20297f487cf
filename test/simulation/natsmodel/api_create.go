package natsmodel

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// consumerCreate creates a consumer, or changes it: CREATE.stream, CREATE.stream.name, CREATE.stream.name.filter.
func (r *request) consumerCreate() bool {
	var wanted struct {
		Stream string         `json:"stream_name"`
		Config consumerConfig `json:"config"`
		Action string         `json:"action"`
	}
	if err := r.read(&wanted); err != nil {
		return r.fail("consumer_create", err)
	}
	c := &wanted.Config
	if wanted.Stream != r.names[0] {
		return r.fail("consumer_create", errStreamMismatch)
	}
	if len(r.names) > 1 {
		if c.Durable != "" && c.Durable != r.names[1] {
			return r.fail("consumer_create", errDurableNotInSubject)
		}
		c.Name = r.names[1]
	}
	if len(r.names) > 2 && c.Filter != strings.Join(r.names[2:], ".") {
		return r.fail("consumer_create", errFilterMismatch)
	}
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("consumer_create", errStreamNotFound)
	}
	if c.Name == "" {
		c.Name = or(c.Durable, r.js.newName())
	}
	c.complete(&s.cfg)
	o, err := s.makeConsumer(c, wanted.Action)
	if err != nil {
		return r.fail("consumer_create", err)
	}
	r.js.respond(r.reply, "consumer_create", o.body())
	return true
}

// newName invents a consumer's name.
func (js *jetStream) newName() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var name [8]byte
	for i := range name {
		name[i] = letters[js.server.rand.IntN(len(letters))]
	}
	return string(name[:])
}

// makeConsumer creates a consumer, or changes the one that there is.
func (s *stream) makeConsumer(c *consumerConfig, action string) (*consumer, *apiError) {
	if err := s.refuses(c); err != nil {
		return nil, err
	}
	o := s.consumer(c.Name)
	if o == nil {
		if action == "update" {
			return nil, errConsumerMissing
		}
		if s.cfg.MaxConsumers > 0 && len(s.consumers) >= s.cfg.MaxConsumers {
			return nil, errMaxConsumers
		}
		return s.newConsumer(c), nil
	}
	if action == "create" && !sameConsumer(&o.cfg, c) {
		return nil, errConsumerExists
	}
	if err := o.change(c); err != nil {
		return nil, err
	}
	return o, nil
}

func sameConsumer(a, b *consumerConfig) bool {
	x, y := *a, *b
	x.Metadata, y.Metadata = nil, nil
	return reflect.DeepEqual(x, y)
}

// refuses says what is wrong with a consumer's configuration.
func (s *stream) refuses(c *consumerConfig) *apiError {
	if c.Filter != "" && len(c.Filters) > 0 {
		return errTwoFilters
	}
	filters := c.filters()
	for i, f := range filters {
		if !valid(f) {
			return errStreamConfig("nats: invalid subject")
		}
		for _, other := range filters[:i] {
			if covers(f, other) || covers(other, f) {
				return errFiltersOverlap
			}
		}
	}
	switch {
	case c.DeliverSubject == "" && c.Ack == ackNone && s.cfg.Retention == workQueueRetention:
		return &apiError{400, 10084, "consumer in pull mode requires explicit ack policy on workqueue stream"}
	case c.FlowControl && c.DeliverSubject == "":
		return &apiError{400, 10089, "consumer flow control requires a push based consumer"}
	case c.Heartbeat > 0 && c.DeliverSubject == "":
		return &apiError{400, 10088, "consumer idle heartbeat requires a push based consumer"}
	case c.Deliver == deliverSequence && c.StartSeq == 0, c.Deliver == deliverTime && c.StartTime == nil,
		c.StartSeq > 0 && c.Deliver != deliverSequence, c.StartTime != nil && c.Deliver != deliverTime,
		c.Deliver == deliverPerSubject && len(filters) == 0:
		return &apiError{400, 10094, "consumer delivery policy and its start do not fit"}
	}
	if s.cfg.Retention == workQueueRetention {
		return s.refusesBeside(c, filters)
	}
	return nil
}

// refusesBeside says what is wrong with a consumer of a work queue beside the others.
func (s *stream) refusesBeside(c *consumerConfig, filters []string) *apiError {
	if c.Ack != ackExplicit {
		return errMustAck
	}
	if c.Deliver != deliverAll {
		return errMustDeliverAll
	}
	for _, other := range s.consumers {
		if other.name == c.Name {
			continue
		}
		if len(filters) == 0 {
			return errUnfilteredTwice
		}
		if len(other.filters) == 0 || slices.ContainsFunc(filters, func(f string) bool {
			return slices.ContainsFunc(other.filters, func(g string) bool { return overlaps(f, g) })
		}) {
			return errFilterNotUnique
		}
	}
	return nil
}

// change gives a consumer another configuration.
func (o *consumer) change(c *consumerConfig) *apiError {
	old := &o.cfg
	switch {
	case old.Deliver != c.Deliver:
		return errConsumerConfig("deliver policy can not be updated")
	case old.StartSeq != c.StartSeq:
		return errConsumerConfig("start sequence can not be updated")
	case (old.StartTime == nil) != (c.StartTime == nil),
		old.StartTime != nil && !old.StartTime.Equal(*c.StartTime):
		return errConsumerConfig("start time can not be updated")
	case old.Ack != c.Ack:
		return errConsumerConfig("ack policy can not be updated")
	case old.Replay != c.Replay:
		return errConsumerConfig("replay policy can not be updated")
	case old.Heartbeat != c.Heartbeat:
		return errConsumerConfig("heart beats can not be updated")
	case old.FlowControl != c.FlowControl:
		return errConsumerConfig("flow control can not be updated")
	case (old.DeliverSubject == "") != (c.DeliverSubject == ""):
		return errConsumerConfig("can not update pull consumer to push based, or the other way round")
	case old.DeliverSubject != c.DeliverSubject && o.active:
		return errConsumerName
	case old.MaxWaiting != c.MaxWaiting:
		return errConsumerConfig("max waiting can not be updated")
	}
	wait, threshold := old.AckWait, old.InactiveThreshold
	refilter := !slices.Equal(old.filters(), c.filters())
	o.cfg = *c
	o.filters = c.filters()
	if refilter {
		o.count()
	}
	if wait != c.AckWait && o.acks.index > 0 {
		o.server().timers.set(&o.acks, o.now().Add(100*time.Millisecond))
	}
	if threshold != c.InactiveThreshold {
		o.server().timers.stop(&o.inactive)
		o.inactivity()
	}
	o.look()
	o.pauses()
	o.wake()
	return nil
}
