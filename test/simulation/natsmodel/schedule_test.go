package natsmodel

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// schedule is a seeded sequence of what clients do with a stream and its consumers.
type schedule struct {
	*pair
	rand      *rand.Rand
	stream    string
	ackWait   time.Duration
	cfg       streamConfig
	consumers []consumerConfig
	touched   map[string]uint64 // When a delivery's time began anew: a count, by consumer and sequence.
	touches   uint64
	fresh     time.Time // Since then nothing can have been delivered again.
	slow      bool      // The machine was too slow for the time that acknowledgements have.
	letters   []string  // Ends of subjects.
	restarts  int       // Every so many steps the server is started again; 0: never.
	steps     int
}

func newSchedule(p *pair, seed uint64, stream string, ackWait time.Duration, restarts int) *schedule {
	s := &schedule{
		restarts: restarts,
		pair:     p, rand: rand.New(rand.NewPCG(seed, 7)), stream: stream, ackWait: ackWait,
		touched: map[string]uint64{},
		letters: []string{"a", "b", "c"},
	}
	p.note("seed %d", seed)
	s.connect("a")
	s.connect("b")
	s.create()
	return s
}

// create makes the stream and one or two consumers, of many kinds.
func (s *schedule) create() {
	r := s.rand
	s.cfg = streamConfig{
		Name: s.stream, Subjects: []string{s.stream + ".>"}, Retention: pick(r, limitsRetention, limitsRetention,
			workQueueRetention, interestRetention), Storage: pick(r, fileStorage, memoryStorage),
		AllowDirect: r.IntN(2) == 0,
		Discard:     pick(r, discardOld, discardOld, discardNew), Compression: "none", Replicas: 1,
		AllowRollup: r.IntN(4) == 0,
	}
	if s.restarts > 0 {
		s.cfg.Storage = fileStorage
	}
	s.cfg.AllowRollup = s.cfg.AllowRollup && s.cfg.Retention == limitsRetention
	switch r.IntN(4) {
	case 0:
		s.cfg.MaxMsgs = int64(3 + r.IntN(10))
	case 1:
		s.cfg.MaxPerSubject = int64(1 + r.IntN(4))
	case 2:
		s.cfg.MaxBytes = int64(200 + r.IntN(600))
		s.cfg.Discard = discardNew // The order in which a server ends several deliveries to make room is free.
	}
	text, _ := json.Marshal(&s.cfg)
	s.ask("a", "$JS.API.STREAM.CREATE."+s.stream, "", string(text))
	s.addConsumer("D", s.filters(0))
	if r.IntN(2) == 0 {
		s.addConsumer("E", s.filters(1))
	}
	s.fresh = time.Now()
}

// replaces reports whether a new message may end deliveries of old ones.
func (s *schedule) replaces() bool {
	return s.cfg.AllowRollup || s.cfg.MaxMsgs > 0 || s.cfg.MaxPerSubject > 0 || s.cfg.MaxBytes > 0
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// filters of consumers of a work queue must not overlap.
func (s *schedule) filters(n int) []string {
	if s.cfg.Retention == workQueueRetention {
		return [][]string{{s.stream + ".a"}, {s.stream + ".b", s.stream + ".c"}}[n]
	}
	return pick(s.rand, nil, nil, []string{s.stream + ".a"}, []string{s.stream + ".*"},
		[]string{s.stream + ".b", s.stream + ".c"})
}

func (s *schedule) addConsumer(name string, filters []string) {
	r := s.rand
	c := consumerConfig{
		Durable: name, Name: name, Deliver: deliverAll, Ack: ackExplicit, AckWait: s.ackWait, Replay: "instant",
		MaxDeliver: pick(r, -1, -1, -1, 1, 2, 3), MaxAckPending: pick(r, 1000, 1000, 2, 4),
	}
	if len(filters) == 1 {
		c.Filter = filters[0]
	} else {
		c.Filters = filters
	}
	if s.replaces() { // Whether room is made before or after the new message is told of is a race of the server's.
		c.MaxAckPending = 1000
	}
	if s.cfg.Retention != workQueueRetention {
		c.Deliver = pick(r, deliverAll, deliverAll, deliverNew, deliverLast)
		c.Ack = pick(r, ackExplicit, ackExplicit, ackExplicit, ackAll, ackNone)
	}
	if c.Ack == ackAll && s.cfg.Retention == interestRetention {
		c.Ack = ackExplicit // Which messages go when one is lost in the middle is not modelled.
	}
	if s.cfg.AllowRollup { // See purgeSome.
		c.Ack = ackNone
	}
	if c.Ack == ackNone {
		c.AckWait, c.MaxAckPending = 0, 0
	}
	s.consumers = append(s.consumers, c)
	s.createConsumer(&c)
}

func (s *schedule) createConsumer(c *consumerConfig) {
	body, _ := json.Marshal(map[string]any{"stream_name": s.stream, "config": c, "action": "create"})
	s.ask("a", "$JS.API.CONSUMER.CREATE."+s.stream+"."+c.Name, "", string(body))
}

// step does one thing.
func (s *schedule) step() {
	if s.steps++; s.restarts > 0 && s.steps%s.restarts == 0 {
		s.restart()
		s.settled()
		return
	}
	r := s.rand
	who := pick(r, "a", "b")
	o := pick(r, s.consumers...)
	next := "$JS.API.CONSUMER.MSG.NEXT." + s.stream + "." + o.Name
	switch n := r.IntN(100); {
	case n < 25:
		for range 1 + r.IntN(3) {
			s.publish(who)
		}
	case n < 40:
		s.ask(who, next, "", fmt.Sprintf(`{"batch":%d,"no_wait":true%s}`, 1+r.IntN(4), s.bytes()))
	case n < 50:
		s.ask(who, next, "", fmt.Sprintf(`{"batch":%d,"expires":3600000000000%s}`, 1+r.IntN(4), s.bytes()))
	case n < 72:
		s.settleOne(who, pick(r, "+ACK", "+ACK", "+ACK", "", "+TERM", "+WPI", "-NAK", "+TERM because"))
	case n < 75:
		s.settleOne(who, `+NXT {"batch":2,"no_wait":true}`)
	case n < 78:
		s.stale(who)
	case n < 81:
		s.passBy(who, next)
	case n < 84:
		s.delay(who)
	case n < 86:
		s.cut(who)
	case n < 88:
		s.purgeSome()
	case n < 91:
		s.ask(who, "$JS.API.STREAM.MSG.DELETE."+s.stream, "", fmt.Sprintf(`{"seq":%d}`, s.someSeq()))
	case n < 94:
		s.get(who)
	case n < 96:
		s.ask(who, "$JS.API.CONSUMER.DELETE."+s.stream+"."+o.Name, "", "")
		s.forget(o.Name)
		s.createConsumer(&o)
	case n < 98:
		s.ask(who, "$JS.API.CONSUMER.LIST."+s.stream, "", "")
		s.ask(who, "$JS.API.STREAM.NAMES", "", `{"subject":"`+s.stream+`.a"}`)
		s.ask(who, "$JS.API.STREAM.INFO."+s.stream, "", `{"subjects_filter":">"}`)
	default:
		s.ask(who, next, "", pick(r, "{", "3", `{"batch":1,"idle_heartbeat":5,"expires":5}`,
			`{"batch":1,"no_wait":true,"max_bytes":1}`))
	}
	s.settled()
}

// settled waits until the real server has done what was asked of it, and sees whether it did so in time.
func (s *schedule) settled() {
	subjects := []string{"$JS.API.STREAM.INFO." + s.stream}
	for _, o := range s.consumers {
		subjects = append(subjects, "$JS.API.CONSUMER.INFO."+s.stream+"."+o.Name)
	}
	s.sync(subjects...)
	s.compare()
	s.slow = s.slow || time.Since(s.fresh) > s.ackWait*7/10
}

func (s *schedule) bytes() string {
	if s.rand.IntN(3) > 0 {
		return ""
	}
	return fmt.Sprintf(`,"max_bytes":%d`, 40+s.rand.IntN(300))
}

func (s *schedule) publish(who string) {
	r := s.rand
	header := ""
	switch r.IntN(12) {
	case 0:
		header = fmt.Sprintf("Nats-Msg-Id: %d\r\n", r.IntN(5))
	case 1:
		header = fmt.Sprintf("Nats-Expected-Last-Sequence: %d\r\n", s.someSeq())
	case 2:
		header = fmt.Sprintf("Nats-Expected-Last-Subject-Sequence: %d\r\n", s.someSeq())
	case 3:
		header = "Nats-Rollup: " + pick(r, "sub", "all") + "\r\n"
	case 4:
		header = "Nats-Expected-Stream: " + pick(r, s.stream, "other") + "\r\n"
	}
	s.ask(who, s.stream+"."+pick(r, s.letters...), header, strings.Repeat("x", r.IntN(60)))
	s.settled()
}

// someSeq is one of the stream's sequences, or one next to them.
func (s *schedule) someSeq() uint64 {
	info, _ := s.model.model.Stream(s.stream)
	return uint64(s.rand.IntN(int(info.Last) + 2))
}

// purgeSome purges nothing but the whole, or a part that is either all or nothing to each consumer: what becomes of
// the floors of others hangs on how the real server's stores share their maps.
func (s *schedule) purgeSome() {
	body := ""
	switch {
	case s.cfg.Retention == workQueueRetention:
		body = pick(s.rand, "", `{"filter":"`+s.stream+`.a"}`)
	case !slices.ContainsFunc(s.consumers, func(c consumerConfig) bool { return c.Ack == ackAll }):
		body = pick(s.rand, "", fmt.Sprintf(`{"seq":%d}`, s.someSeq()))
	}
	s.ask("a", "$JS.API.STREAM.PURGE."+s.stream, "", body)
}

// get asks for a message.
func (s *schedule) get(who string) {
	body := pick(s.rand, fmt.Sprintf(`{"seq":%d}`, s.someSeq()), `{"last_by_subj":"`+s.stream+`.a"}`,
		fmt.Sprintf(`{"seq":%d,"next_by_subj":"%s.*"}`, s.someSeq(), s.stream),
		`{"last_by_subj":"`+s.stream+`.>"}`, "", "{}")
	s.ask(who, "$JS.API.STREAM.MSG.GET."+s.stream, "", body)
	s.ask(who, "$JS.API.DIRECT.GET."+s.stream, "", body)
	s.ask(who, "$JS.API.DIRECT.GET."+s.stream+"."+s.stream+".b", "", "")
}
