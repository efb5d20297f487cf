package simulation

import (
	"time"

	"momento-bridge/test/simulation/natsmodel"
)

// faultKind is a way in which the world goes wrong.
type faultKind string

const (
	natsCut      faultKind = "nats: a link is cut"
	natsRestart  faultKind = "nats: restart"
	natsAway     faultKind = "nats: away"
	natsFreeze   faultKind = "nats: frozen"
	natsLeader   faultKind = "nats: another leader"
	natsLoseAcks faultKind = "nats: acknowledgements are lost"
	natsHole     faultKind = "nats: a link stands still"
	natsConsumer faultKind = "nats: a consumer is deleted"
	natsRenewals faultKind = "nats: renewals are lost"

	endpointAway    faultKind = "endpoint: away"
	endpointCut     faultKind = "endpoint: links are cut"
	endpointHole    faultKind = "endpoint: a link stands still"
	endpointTrouble faultKind = "endpoint: trouble"
	endpointLimit   faultKind = "endpoint: another quota"
	endpointKey     faultKind = "endpoint: the key is refused"
	endpointMost    faultKind = "endpoint: few requests on a connection"

	processKill    faultKind = "process: killed"
	processRestart faultKind = "process: restarted"
	processJoin    faultKind = "process: joins"
	processLeave   faultKind = "process: leaves"
)

var (
	ofNATS = []faultKind{
		natsCut, natsCut, natsRestart, natsAway, natsFreeze, natsLeader, natsLoseAcks, natsHole, natsConsumer,
		natsRenewals,
	}
	ofEndpoint = []faultKind{
		endpointAway, endpointCut, endpointHole, endpointTrouble, endpointTrouble, endpointTrouble, endpointLimit,
		endpointKey, endpointMost,
	}
	ofProcesses = []faultKind{processKill, processRestart, processJoin, processLeave}
)

// strike breaks something, and sees to it that it is mended.
func (w *World) strike() {
	r := w.faults
	kind := pick(r, w.plan.kinds...)
	lasts := time.Duration(r.ExpFloat64() * float64(20*time.Second))
	lasts = min(lasts, 3*time.Minute) + 100*time.Millisecond
	w.history.note(w.now(), string(kind), int64(lasts))
	w.figures.Faults[string(kind)]++
	switch kind { //nolint:exhaustive // The others are the endpoint's.
	case natsCut, natsRestart, natsAway, natsFreeze, natsLeader, natsLoseAcks, natsHole, natsConsumer, natsRenewals:
		w.strikeNATS(kind, lasts)
	case processKill, processRestart, processJoin, processLeave:
		w.strikeProcess(kind, lasts)
	default:
		w.strikeEndpoint(kind, lasts)
	}
}

func (w *World) strikeNATS(kind faultKind, lasts time.Duration) {
	r, n := w.faults, &w.nats
	w.truth.disturb(w.now() + int64(lasts+w.plan.settleTime))
	w.truth.part(w.now() + int64(lasts+w.plan.settleTime))
	switch kind { //nolint:exhaustive // What was got is kept.
	case natsCut, natsRestart, natsAway, natsRenewals:
	default:
		w.truth.lose(w.now() + int64(lasts+w.plan.settleTime))
	}
	if kind == natsFreeze || kind == natsHole || w.truth.unheard > w.now() {
		w.truth.unheard = max(w.truth.unheard, w.now()+int64(lasts+w.plan.settleTime))
	}
	switch kind { //nolint:exhaustive // Those of NATS.
	case natsCut:
		w.cutOne(toNATS)
	case natsRestart:
		n.do((*natsmodel.Server).Restart)
	case natsAway:
		n.away = true
		n.do((*natsmodel.Server).Restart)
		w.after(lasts, func() { n.away = false })
	case natsFreeze:
		n.frozen = true
		n.do((*natsmodel.Server).Freeze)
		w.after(lasts, n.thaw)
	case natsLeader:
		stream := deadStream
		if s := w.streamed(); s != nil && r.IntN(3) > 0 && w.plan.copies > 1 {
			stream = s.stream
		}
		n.do(func(m *natsmodel.Server, now time.Time) { m.ChangeLeader(now, stream) })
	case natsLoseAcks:
		n.server.LoseAcks(pick(r, 0.1, 0.5, 1))
		w.after(lasts, func() { n.server.LoseAcks(0) })
	case natsRenewals:
		n.server.LoseRenewals(true)
		w.after(lasts, func() { n.server.LoseRenewals(false) })
	case natsHole:
		w.hole(toNATS, lasts)
	case natsConsumer:
		if s := w.streamed(); s != nil {
			n.request("CONSUMER.DELETE."+s.stream+".momento-bridge-"+s.name, "")
		}
	}
}

// streamed returns a route of a stream, if there is one.
func (w *World) streamed() *route {
	for range 8 {
		if s := pick(w.faults, w.plan.routes...); s.stream != "" {
			return s
		}
	}
	return nil
}

func (w *World) cutOne(server endpointOf) {
	var all []*link
	for _, l := range w.links {
		if l.server == server && !l.gone {
			all = append(all, l)
		}
	}
	if len(all) > 0 {
		w.cut(pick(w.faults, all...), w.faults.IntN(2) == 0)
	}
}

// hole has nothing arrive on a link for a while, in either direction.
func (w *World) hole(server endpointOf, lasts time.Duration) {
	end := w.now() + int64(lasts)
	for _, l := range w.links {
		if l.server == server && w.faults.IntN(2) == 0 {
			l.there, l.back = max(l.there, end), max(l.back, end)
		}
	}
}

func (w *World) strikeEndpoint(kind faultKind, lasts time.Duration) {
	r, e := w.faults, &w.endpoint
	switch kind { //nolint:exhaustive // Those of the endpoint.
	case endpointAway:
		e.away = true
		for range len(w.links) {
			w.cutOne(toEndpoint)
		}
		w.after(lasts, func() { e.away = false })
	case endpointCut:
		for range 1 + r.IntN(3) {
			w.cutOne(toEndpoint)
		}
	case endpointHole:
		w.hole(toEndpoint, lasts)
	case endpointTrouble:
		w.trouble(lasts)
	case endpointLimit:
		limit := w.plan.limit
		limit.Rate = pick(r, 5.0, 30, 200)
		e.renew(limit)
		w.after(lasts, func() { e.renew(w.plan.limit) })
	case endpointKey:
		delete(e.keys, theKey)
		w.after(lasts, func() { e.keys[theKey] = true })
	case endpointMost:
		e.most = 1 + r.IntN(4)
		w.after(lasts, func() { e.most = 0 })
	}
}

// trouble has a share of the publishes go wrong for a while.
func (w *World) trouble(lasts time.Duration) {
	r := w.faults
	t := trouble{
		kind: troubleKind(r.IntN(int(troubles))), share: pick(r, 0.05, 0.3, 1), until: w.now() + int64(lasts),
		wait: time.Duration(1+r.IntN(5)) * time.Second,
	}
	if r.IntN(3) == 0 {
		route := pick(r, w.plan.routes...)
		t.topic = topicName(r.IntN(route.topics))
	}
	switch t.kind { //nolint:exhaustive // Those that are of all or of one topic.
	case troubleKey, troubleCache:
		t.topic, t.share = "", 1
	case troubleTopic:
		t.topic, t.share = topicName(0), 1
	}
	w.history.note(w.now(), "trouble", int64(t.kind), int64(100*t.share))
	w.endpoint.trouble = append(w.endpoint.trouble, t)
}

func (w *World) strikeProcess(kind faultKind, lasts time.Duration) {
	r := w.faults
	w.reap()
	living := w.living()
	switch kind { //nolint:exhaustive // Those of processes.
	case processKill, processRestart:
		if len(living) == 0 {
			return
		}
		w.truth.disturb(w.now() + int64(lasts+w.plan.settleTime))
		w.truth.lose(w.now() + int64(lasts+w.plan.settleTime))
		one := pick(r, living...)
		if kind == processKill {
			one.kill()
		} else {
			one.leave()
		}
		w.after(pick(r, 50*time.Millisecond, lasts/8), w.start)
	case processJoin:
		if len(living) < 3 && w.plan.shared {
			w.truth.disturb(w.now() + int64(w.plan.settleTime))
			w.truth.lose(w.now() + int64(w.plan.settleTime))
			w.start()
		}
	case processLeave:
		if len(living) > 1 {
			w.truth.disturb(w.now() + int64(w.plan.settleTime))
			w.truth.lose(w.now() + int64(w.plan.settleTime))
			pick(r, living...).leave()
		}
	}
}

// thaw lets a frozen server go on.
func (n *natsSide) thaw() {
	n.frozen = false
	n.do((*natsmodel.Server).Thaw)
}

// mend ends everything that goes wrong.
func (w *World) mend() {
	e, n := &w.endpoint, &w.nats
	w.history.note(w.now(), "mended")
	n.away, e.away, e.trouble, e.most = false, false, nil, 0
	e.keys[theKey] = true
	e.renew(w.plan.limit)
	n.server.LoseAcks(0)
	n.server.LoseRenewals(false)
	n.thaw()
	w.truth.disturb(w.now() + int64(w.plan.settleTime))
}
