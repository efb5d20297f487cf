package simulation

import (
	"fmt"
	"testing/synctest"
	"time"
)

// Shown says what is shown besides, to whoever looks for the cause of a fault. It is set before anything runs.
var Shown struct {
	Logs  bool // Of the daemons, on the standard error.
	Bytes bool // What they write, to who follows the history.
}

// Run lets one world live from its beginning to its end, in the bubble that it is called in, and returns what it was.
func Run(seed uint64, form Form, echo func(string)) Figures {
	plan := newScenario(seed, form)
	w := newWorld(seed, plan)
	w.history.echo = echo
	w.figures.Faults = map[string]int{}
	w.truth.begin(plan.routes)
	w.streams()
	for range plan.replicas {
		w.after(time.Duration(w.faults.IntN(int(time.Second))), w.start)
	}
	active := int64(plan.active)
	for _, r := range plan.routes {
		w.after(time.Second+time.Duration(w.traffic.IntN(int(3*time.Second))), func() { w.publish(r, active) })
	}
	if plan.calm > 0 {
		w.after(10*time.Second, func() { w.strikes(active) })
	}
	w.run(active)
	w.settle()
	w.figures.Virtual = time.Duration(w.now())
	w.finish()
	w.figures.Hash = w.history.sum.Sum64()
	return w.figures
}

// streams makes the streams of the routes and the one of dead letters.
func (w *World) streams() {
	for _, r := range w.plan.routes {
		if r.stream != "" {
			w.nats.request("STREAM.CREATE."+r.stream, fmt.Sprintf(
				`{"name":%q,"subjects":[%q],"retention":"limits","storage":"file","max_consumers":-1,"max_msgs":-1,`+
					`"max_bytes":-1,"max_age":0,"num_replicas":%d}`, r.stream, r.name+".>", w.plan.copies))
			w.consumer(r)
		}
	}
	w.nats.request("STREAM.CREATE.DEAD", `{"name":"DEAD","subjects":["dead.>"],"retention":"limits","storage":"file",`+
		`"max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"num_replicas":3}`)
}

// consumer makes the consumer of a route, if that is not left to the daemons.
func (w *World) consumer(r *route) {
	if w.plan.ackWait == 0 {
		return
	}
	name := "momento-bridge-" + r.name
	w.nats.request("CONSUMER.CREATE."+r.stream+"."+name, fmt.Sprintf(`{"stream_name":%q,"config":{"durable_name":%q,`+
		`"ack_policy":"explicit","deliver_policy":"all","filter_subject":%q,"ack_wait":%d,"max_deliver":-1,`+
		`"max_ack_pending":5000,"max_waiting":512}}`, r.stream, name, r.name+".*", w.plan.ackWait))
}

// strikes has faults come until a time.
func (w *World) strikes(until int64) {
	if w.now() >= until {
		return
	}
	w.strike()
	w.after(time.Duration(w.faults.ExpFloat64()*float64(w.plan.calm)), func() { w.strikes(until) })
}

// settle waits, once nothing goes wrong any more, until every message has come to its end.
func (w *World) settle() {
	w.run(w.now() + int64(w.faults.IntN(int(10*time.Second))))
	w.mend()
	w.reap()
	if len(w.living()) == 0 {
		w.start()
	}
	for _, r := range w.plan.routes { // Whoever was refused learns that it is no more.
		w.after(5*time.Second, func() { w.burst(r) })
	}
	w.run(w.now() + int64(10*time.Second))
	limit := w.now() + int64(w.patience())
	for !w.broken {
		w.run(w.now() + int64(time.Second))
		w.reap()
		why := w.truth.unfinished()
		if why == "" {
			why = w.unready()
		}
		if why == "" {
			break
		}
		if w.now() > limit {
			w.fault("liveness: %v after the last fault %s", since(w, limit-int64(w.patience())), why)
		}
	}
	w.truth.settledBooks()
}

// patience is how long everything may take to be published once all is well.
func (w *World) patience() time.Duration {
	d := 5 * time.Minute
	if w.plan.limit.Rate > 0 {
		d += time.Duration(float64(w.truth.open()) / w.plan.limit.Rate * 4 * float64(time.Second))
	}
	return d + time.Duration(w.truth.aside())*asideSpacing
}

// asideSpacing is how seldom a daemon tries one of the messages that the endpoint has refused while it accepted others.
const asideSpacing = 5 * time.Second

// finish stops every daemon, and waits for the last of their goroutines.
func (w *World) finish() {
	broken := w.broken
	w.broken, w.ending = false, true
	for _, r := range w.living() {
		r.leave()
	}
	for end := w.now() + int64(30*time.Second); w.now() < end && !w.over() && !w.broken; w.reap() {
		w.run(min(end, w.now()+int64(time.Second)))
	}
	if !w.broken && !broken {
		for _, r := range w.replicas {
			if !r.over {
				w.fault("replica %d has not ended 30s after it was asked to", r.id)
			}
		}
	}
	for _, r := range w.replicas {
		if !r.over && r.stop != nil {
			r.kill()
		}
	}
	w.broken = false
	w.run(w.now() + int64(time.Minute)) // What killed daemons have left ends, too.
	w.broken = broken || w.figures.Fault != ""
	w.timer.Stop()
	synctest.Wait()
	letGo()
}

// over reports whether every daemon has ended, but for those that were killed.
func (w *World) over() bool {
	for _, r := range w.replicas {
		if !r.over && !r.cut {
			return false
		}
	}
	return true
}

func since(w *World, at int64) time.Duration {
	return time.Duration(w.now() - at).Round(time.Millisecond)
}
