package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/test/simulation/natsmodel"
)

// scenario is what a seed has decided: the configuration of the daemons, who publishes, and what goes wrong.
type scenario struct {
	config   string
	nats     natsmodel.Config
	routes   []*route
	replicas int
	ackWait  time.Duration // Of the consumers that are there before any daemon is; 0: there are none.
	copies   int           // Of what the streams of routes keep, each on a server of its own.
	latency  time.Duration // Of the network, one way, most of the time.
	work     time.Duration // Of the endpoint.
	timeout  time.Duration // Of an attempt.
	limit    emulator.Settings
	kinds    []faultKind
	active   time.Duration // How long messages and faults come.
	pace     time.Duration // Between two bursts of a route.
	calm     time.Duration // Between two faults; 0: there are none.
	ticks    time.Duration // As Form's,
	lease    time.Duration // and this, too.
	// settleTime is how long after a disturbance acknowledgements may be missing.
	settleTime time.Duration
	shared     bool
	rate       float64 // That is configured for all daemons together; 0: none is.
}

// route is a route of the daemons as the world knows it.
type route struct {
	name, cache, stream string
	ordered, atMostOnce bool
	drops               bool // It publishes the newest of each topic, and may leave others out.
	format              string
	most                int // max_payload.
	letters             bool
	topics              int
	burst               int

	places     int
	bySequence map[uint64]*message
	latest     map[string]*message
}

// deadPrefix begins the subjects of dead letters.
const deadPrefix = "dead."

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// Form says how long and how dense runs are.
type Form struct {
	Active time.Duration // How long messages and faults come.
	Pace   time.Duration // Between two bursts of messages of a route.
	Calm   time.Duration // Between two faults.
	// Ticks is how often daemons look at their backlogs, and whether they go on; 0: as usual.
	Ticks time.Duration
	Lease time.Duration // 0: short ones, as the seed has it.
	// Replicas are how many daemons begin; 0: as the seed has it.
	Replicas int
	Copies   []int // Of streams, of which the seed takes one; nil: 3.
}

// Brief and Dense are for short runs of much trouble, Longer for runs in which something else comes to an end between
// two faults. Sparse is for days of one daemon at a time with some faults an hour, Group for those of several, which
// tell each other each second what they publish.
var (
	Brief  = Form{Active: 25 * time.Second, Pace: 2 * time.Second, Calm: 3 * time.Second}
	Dense  = Form{Active: 100 * time.Second, Pace: 3 * time.Second, Calm: 5 * time.Second}
	Longer = Form{Active: 20 * time.Minute, Pace: 8 * time.Second, Calm: 30 * time.Second}
	Sparse = Form{
		Active: 24 * time.Hour, Pace: 10 * time.Minute, Calm: 20 * time.Minute, Ticks: time.Minute,
		Lease: 30 * time.Second, Replicas: 1, Copies: []int{1, 3},
	}
	Group = Form{
		Active: 24 * time.Hour, Pace: 10 * time.Minute, Calm: 20 * time.Minute, Ticks: time.Minute,
		Lease: 30 * time.Second, Replicas: 2,
	}
)

func newScenario(seed uint64, form Form) *scenario {
	r := stream(seed, 5)
	s := &scenario{
		replicas: pick(r, 1, 1, 1, 2, 3), latency: pick(r, 200*time.Microsecond, time.Millisecond, 8*time.Millisecond),
		work: pick(r, time.Millisecond, 10*time.Millisecond, 60*time.Millisecond), timeout: pick(r, 2*time.Second,
			5*time.Second), active: form.Active, pace: form.Pace, calm: form.Calm, ticks: form.Ticks, lease: form.Lease,
		settleTime: 4 * time.Minute,
	}
	s.limit = emulator.Settings{
		Limiter: pick(r, emulator.Limiters...), Rate: pick(r, 0.0, 0, 20, 60, 300),
	}
	s.kinds = kindsOf(r)
	if form.Ticks == 0 {
		s.again(stream(seed, 8))
	}
	s.nats = natsmodel.Config{
		Seed: seed, Replicas: 3, Lag: pick(r, 0, 0, 100*time.Millisecond),
		Election: pick(r, 0, 300*time.Millisecond, 2*time.Second),
	}
	for i := range 1 + r.IntN(3) {
		s.routes = append(s.routes, newRoute(r, i))
	}
	s.replicas = cmp.Or(form.Replicas, s.replicas)
	s.shared = s.replicas > 1
	if s.copies = 3; form.Copies != nil {
		s.copies = pick(stream(seed, 7), form.Copies...)
	}
	s.config = s.text(r)
	return s
}

// again gives a quarter the shortest ack_wait that daemons put up with, so that it is over within a run. In some of
// them messages are delivered again to those who hold them, as renewals are lost, or to those who have just connected
// anew and are done with them, as acknowledgements are.
func (s *scenario) again(r *rand.Rand) {
	if r.IntN(4) > 0 {
		return
	}
	s.ackWait = 5 * s.timeout
	switch r.IntN(3) {
	case 0:
		s.kinds = append([]faultKind{natsRenewals, natsRenewals, natsRenewals, natsCut}, ofEndpoint...)
	case 1:
		s.kinds = []faultKind{natsLoseAcks, natsLoseAcks, natsCut, natsCut, natsRestart, endpointTrouble}
	}
}

// kindsOf chooses which kinds of faults there are: of few kinds more can be said of what must not happen.
func kindsOf(r *rand.Rand) []faultKind {
	switch r.IntN(6) {
	case 0:
		return ofEndpoint
	case 1:
		return ofNATS
	case 2:
		return ofProcesses
	case 3:
		all := append(append([]faultKind(nil), ofEndpoint...), ofNATS...)
		return []faultKind{pick(r, all...), pick(r, all...)}
	case 4: // Nothing that the server has got is lost.
		return append([]faultKind{natsCut, natsCut, natsCut, pick(r, natsRestart, natsAway)}, ofEndpoint...)
	}
	return append(append(append([]faultKind(nil), ofEndpoint...), ofNATS...), ofProcesses...)
}

func newRoute(r *rand.Rand, i int) *route {
	one := &route{
		name: fmt.Sprintf("r%d", i), cache: fmt.Sprintf("c%d", i), most: 4096, topics: pick(r, 1, 3, 20),
		burst: pick(r, 3, 10, 60), ordered: r.IntN(3) > 0, format: "none", bySequence: map[uint64]*message{},
		latest: map[string]*message{},
	}
	if r.IntN(4) > 0 {
		one.stream = strings.ToUpper(one.name)
		one.letters = r.IntN(2) == 0
	}
	if r.IntN(3) == 0 {
		one.format = pick(r, "lines", "json", "length-prefixed", "packed")
	}
	one.atMostOnce = r.IntN(6) == 0
	if one.ordered && r.IntN(8) == 0 {
		one.drops = true
	}
	return one
}

// text writes the configuration.
func (s *scenario) text(r *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, "nats: {url: 'nats://127.0.0.1:4222'}\n")
	fmt.Fprintf(&b, "momento: {endpoint: 'http://127.0.0.1:80', connections: %d, in_flight: %s, timeout: %v}\n",
		pick(r, 2, 4, 8), pick(r, "1", "1", "4", "auto"), s.timeout)
	rate := pick(r, "auto", "auto", "50", "unlimited")
	s.rate, _ = strconv.ParseFloat(rate, 64)
	fmt.Fprintf(&b, "limits: {rate: %s, shared: %v, group: simulated}\n", rate, s.shared)
	fmt.Fprintf(&b, "coordination: {create: true, lease: %v}\n",
		cmp.Or(s.lease, pick(r, 2*time.Second, 5*time.Second)))
	fmt.Fprintf(&b, "queue: {max_messages: %d}\n", pick(r, 64, 512, 16384))
	fmt.Fprintf(&b, "routes:\n")
	for _, one := range s.routes {
		fmt.Fprintf(&b, "  - {name: %s, subject: '%s.*', cache: %s, topic: '{{wildcard(1)}}'", one.name, one.name,
			one.cache)
		if one.stream != "" {
			fmt.Fprintf(&b, ", stream: %s", one.stream)
		}
		if !one.ordered {
			b.WriteString(", ordering: none")
		}
		if one.atMostOnce {
			b.WriteString(", delivery: at-most-once")
		}
		if one.drops {
			b.WriteString(", overload: keep-latest")
		}
		if one.format != "none" {
			fmt.Fprintf(&b, ", batch: {format: %s, linger: %s}", one.format, pick(r, "0s", "20ms"))
		}
		if one.letters {
			fmt.Fprintf(&b, ", dead_letter: {subject: %s%s}", deadPrefix, one.name)
		}
		b.WriteString("}\n")
	}
	return b.String()
}
