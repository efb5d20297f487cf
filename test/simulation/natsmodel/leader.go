package natsmodel

import (
	"strconv"
	"time"
)

// lead is what a new leader makes of what is written down: requests and the queue of what is to be delivered again are
// gone, and acknowledgements that it did not hear of.
func (o *consumer) lead() {
	o.forgetAcks()
	clear(o.pulls)
	o.pulls = o.pulls[:0]
	o.again = nil
	for _, d := range o.pending {
		d.ticket = 0
	}
	o.next = sequences{o.delivered.consumer + 1, o.delivered.stream + 1}
	o.floor = o.keptFloor
	o.last = nil
	o.count()
	timers := &o.server().timers
	timers.stop(&o.pullTimer)
	timers.stop(&o.acks)
	if o.pushes() {
		o.flow.start()
		o.look()
		o.heartbeatOn()
	}
	o.asked = o.now()
	o.inactivity()
	o.pauses()
	o.checkPending()
	o.wake()
}

// forgetAcks brings back the deliveries whose acknowledgements the new leader does not know of.
func (o *consumer) forgetAcks() {
	now, lag := o.now(), o.server().cfg.Lag
	for _, a := range o.recent {
		if now.Sub(a.at) > lag || o.stream.store.get(a.d.seq) == nil {
			continue
		}
		d := a.d
		d.ticket = 0
		o.pending[d.seq] = &d
		if a.times > 0 {
			o.redelivered[d.seq] = a.times
		}
		if d.number <= o.keptFloor.consumer {
			o.keptFloor = sequences{d.number - 1, d.seq - 1}
		}
	}
	o.recent = o.recent[:0]
}

// changeLeader takes a stream's leader away, with those of its consumers, until the other one is elected.
func (s *stream) changeLeader() {
	s.leaderless = true
	s.terms++
	wait := s.js.server.cfg.Election
	if wait <= 0 {
		s.elected()
		return
	}
	s.js.server.timers.set(&s.election, s.js.server.now.Add(wait))
}

// leader names the server that leads a stream and its consumers.
func (s *stream) leader() string {
	if s.leaderless {
		return ""
	}
	name := s.js.server.cfg.Name
	if n := s.terms % max(1, s.cfg.Replicas); n > 0 {
		name += "-" + strconv.Itoa(n)
	}
	return name
}

// elected gives a stream a leader again. Those who waited at the old one are told to ask again.
func (s *stream) elected() {
	s.leaderless = false
	for _, o := range s.consumers {
		o.release("409 Leadership Change", false)
		o.lead()
	}
}

// LoseAcks lets a share of the acknowledgements get lost on their way to their consumers, from 0 to 1.
func (s *Server) LoseAcks(share float64) { s.lose = share }

// OnLoss has something called with the subject of each acknowledgement that gets lost so.
func (s *Server) OnLoss(do func(subject string)) { s.lost = do }

// LoseRenewals lets what says that a message is still being worked on get lost on its way, or not.
func (s *Server) LoseRenewals(lost bool) { s.loseRenewals = lost }

// ChangeLeader gives a stream and its consumers another leader, after Config.Election. Requests that wait are told so;
// acknowledgements that are younger than Config.Lag are lost, unless their senders have asked for a confirmation.
func (s *Server) ChangeLeader(now time.Time, name string) {
	s.Advance(now)
	if st := s.streamNamed(name); st != nil {
		st.changeLeader()
		s.settle()
	}
}

func (s *Server) streamNamed(name string) *stream {
	if s.js == nil {
		return nil
	}
	return s.js.stream(name)
}
