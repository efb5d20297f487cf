package natsmodel

import "time"

// place is where a consumer is.
type place struct {
	Consumer uint64     `json:"consumer_seq"`
	Stream   uint64     `json:"stream_seq"`
	Last     *time.Time `json:"last_active,omitempty"`
}

func placeOf(s sequences, last time.Time) place {
	p := place{Consumer: s.consumer, Stream: s.stream}
	if !last.IsZero() {
		last = last.UTC()
		p.Last = &last
	}
	return p
}

// consumerBody is what a consumer says of itself.
type consumerBody struct {
	Stream      string         `json:"stream_name"`
	Name        string         `json:"name"`
	Created     time.Time      `json:"created"`
	Config      consumerConfig `json:"config"`
	Delivered   place          `json:"delivered"`
	AckFloor    place          `json:"ack_floor"`
	AckPending  int            `json:"num_ack_pending"`
	Redelivered int            `json:"num_redelivered"`
	Waiting     int            `json:"num_waiting"`
	Pending     uint64         `json:"num_pending"`
	Cluster     *cluster       `json:"cluster,omitempty"`
	PushBound   bool           `json:"push_bound,omitempty"`
	Paused      bool           `json:"paused,omitempty"`
	Remaining   time.Duration  `json:"pause_remaining,omitempty"`
	Time        time.Time      `json:"ts"`
}

func (o *consumer) body() consumerBody {
	if !o.pushes() {
		o.expirePulls(false)
	}
	b := consumerBody{
		Stream: o.stream.cfg.Name, Name: o.name, Created: o.created.UTC(), Config: o.cfg,
		Delivered: placeOf(o.delivered, o.lastSent), AckFloor: placeOf(o.keptFloor, o.lastAcked),
		AckPending: len(o.pending), Redelivered: len(o.redelivered), Waiting: len(o.pulls), Pending: o.pendingCount,
		PushBound: o.pushes() && o.active, Time: o.now().UTC(),
	}
	if o.cfg.MaxDeliver == 1 {
		b.Redelivered = 0
	}
	if o.inMemory() && o.delivered == (sequences{}) { // Nothing is written down yet.
		b.Delivered = placeOf(sequences{o.next.consumer - 1, o.next.stream - 1}, o.lastSent)
	}
	if o.cfg.PauseUntil != nil && o.now().Before(*o.cfg.PauseUntil) {
		b.Paused, b.Remaining = true, o.cfg.PauseUntil.Sub(o.now())
	}
	if o.stream.cfg.Replicas > 1 {
		b.Cluster = &cluster{Name: "model", Leader: o.stream.leader()}
	}
	return b
}

func (r *request) consumerNext() bool {
	o := r.js.consumer(r.names[0], r.names[1])
	if o == nil || o.stream.leaderless {
		return false
	}
	o.ask(r.reply, r.body)
	return true
}

func (r *request) consumerInfo() bool {
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("consumer_info", errStreamNotFound)
	}
	o := s.consumer(r.names[1])
	if o == nil {
		return r.fail("consumer_info", errConsumerNotFound)
	}
	if !s.leaderless {
		r.js.respond(r.reply, "consumer_info", o.body())
	}
	return true
}

func (r *request) consumerNames() bool {
	var wanted listRequest
	if err := r.read(&wanted); err != nil {
		return r.fail("consumer_names", err)
	}
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("consumer_names", errStreamNotFound)
	}
	names := []string{}
	for _, o := range s.consumers {
		names = append(names, o.name)
	}
	part, of := cut(names, wanted.Offset, namesLimit)
	r.js.respond(r.reply, "consumer_names", struct {
		page
		Consumers []string `json:"consumers"`
	}{of, part})
	return true
}

func (r *request) consumerList() bool {
	var wanted listRequest
	if err := r.read(&wanted); err != nil {
		return r.fail("consumer_list", err)
	}
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("consumer_list", errStreamNotFound)
	}
	bodies := []consumerBody{}
	for _, o := range s.consumers {
		bodies = append(bodies, o.body())
	}
	part, of := cut(bodies, wanted.Offset, listLimit)
	r.js.respond(r.reply, "consumer_list", struct {
		page
		Consumers []consumerBody `json:"consumers"`
	}{of, part})
	return true
}

func (r *request) consumerDelete() bool {
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("consumer_delete", errStreamNotFound)
	}
	o := s.consumer(r.names[1])
	if o == nil {
		return r.fail("consumer_delete", errConsumerNotFound)
	}
	o.delete("409 Consumer Deleted")
	r.js.respond(r.reply, "consumer_delete", success{true})
	return true
}
