package natsmodel

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// pendingOf are the deliveries of a consumer that are not acknowledged.
func (s *schedule) pendingOf(name string) []uint64 {
	o := s.model.model.js.consumer(s.stream, name)
	if o == nil {
		return nil
	}
	return o.pendingSequences()
}

// latest returns the key of the latest delivery of a sequence to a client; empty: there is none.
func (s *schedule) latest(who, consumer string, seq uint64) string {
	order := s.ours[who].order
	prefix := fmt.Sprintf("%s.%s %d ", s.stream, consumer, seq)
	for _, key := range slices.Backward(order) {
		if strings.HasPrefix(key, prefix) {
			return key
		}
	}
	return ""
}

// settleOne sends a word about a delivery that is not acknowledged.
func (s *schedule) settleOne(who, word string) {
	o := pick(s.rand, s.consumers...)
	pending := s.pendingOf(o.Name)
	if len(pending) == 0 {
		return
	}
	seq := pick(s.rand, pending...)
	key := s.latest(who, o.Name, seq)
	if key == "" {
		return
	}
	if word == "+WPI" || word == "-NAK" {
		s.touch(o.Name, seq)
	}
	s.acknowledge(who, key, word)
}

func (s *schedule) touch(consumer string, seq uint64) {
	s.touches++
	s.touched[fmt.Sprint(consumer, " ", seq)] = s.touches
}

func (s *schedule) forget(consumer string) {
	for key := range s.touched {
		if strings.HasPrefix(key, consumer+" ") {
			delete(s.touched, key)
		}
	}
}

// stale acknowledges any delivery, whatever has become of it.
func (s *schedule) stale(who string) {
	order := s.ours[who].order
	if len(order) == 0 {
		return
	}
	key := pick(s.rand, order...)
	o := s.consumers[slices.IndexFunc(s.consumers, func(c consumerConfig) bool {
		return strings.HasPrefix(key, s.stream+"."+c.Name+" ")
	})]
	if o.Ack == ackAll { // What is below a floor that is elsewhere now moves nothing, and who knows.
		return
	}
	s.acknowledge(who, key, pick(s.rand, "+ACK", "+TERM", "+ACK", "+OK"))
}

// orderly reports whether what is not acknowledged was delivered in the order of the stream, so that the order in which
// it is delivered again does not hang on how fast the machine is.
func (s *schedule) orderly() bool {
	for _, o := range s.consumers {
		last := [2]uint64{}
		for _, seq := range s.pendingOf(o.Name) {
			number := s.lastNumber(o.Name, seq)
			touched := s.touched[fmt.Sprint(o.Name, " ", seq)]
			if number < last[0] || touched > 0 {
				return false
			}
			last[0] = number
		}
	}
	return true
}

// lastNumber is the consumer's number of the latest delivery of a sequence.
func (s *schedule) lastNumber(consumer string, seq uint64) uint64 {
	var last uint64
	for who := range s.ours {
		var number uint64
		if key := s.latest(who, consumer, seq); key != "" {
			_, _ = fmt.Sscanf(key[strings.LastIndexByte(key, ' ')+1:], "%d", &number)
		}
		last = max(last, number)
	}
	return last
}

// timed reports whether time goes by in it.
func (s *schedule) timed() bool { return s.ackWait < time.Hour }

// passBy lets the time for acknowledgements go by, and before that a request end that gets nothing.
func (s *schedule) passBy(who, next string) {
	if !s.timed() || !s.orderly() {
		return
	}
	if s.rand.IntN(2) == 0 {
		s.tell(who, next, "", `{"batch":2,"expires":20000000,"idle_heartbeat":5000000}`)
	}
	s.pass(s.ackWait + 60*time.Millisecond)
	s.settled()
	s.fresh = time.Now()
}

// delay hands a delivery back for a while, which goes by.
func (s *schedule) delay(who string) {
	if !s.timed() || !s.orderly() {
		return
	}
	s.settleOne(who, pick(s.rand, "-NAK 20ms", `-NAK {"delay": 20000000}`, "-NAK nonsense"))
	s.pass(s.ackWait + 60*time.Millisecond)
	s.settled()
	s.fresh = time.Now()
}
