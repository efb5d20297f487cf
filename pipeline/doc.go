// Package pipeline is the machine between NATS and Momento: it holds messages, decides which one goes next, keeps to
// the quotas, tries again, and accounts for every message. It owns the nouns ([Message], [Sink], [Verdict], [Outcome]);
// sources and sinks import it.
//
//	Submit ──▶ route ──▶ lane (one per topic, ──▶ dispatch ──▶ worker ──▶ Connection
//	             ▲       first in, first out)        ▲ gates,    │
//	             │ the source reserves room first,   │ quotas,   ▼
//	             │ or the message is dropped if      │ batches  Answer
//	             │ there is none                     │           │
//	             │                                   └── retry ◀─┤ judge, apply
//	           Settle ◀────────────────────────────── finish ◀───┘
//
// # Delivery contract
//
// A submitted message ends exactly once, by one call of its route's [Settler]. At every moment, for each route,
//
//	received = settled + queued + in flight
//
// In an ordered route a topic has at most one publish in flight, of one message or of a batch. A message that must be
// tried again holds up its topic, and no other. A message is settled as [Published] only after the endpoint's 2xx.
//
// # The journey of a message
//
// In the order in which things happen; the files are those of this package unless another one is named.
//
//  1. The source calls [Route.Submit] (route.go). Without the mutex, RouteConfig.measure (route_config.go) sets
//     the message's size in a batch, or rejects it. Under the mutex, Route.admit looks for room: Route.full
//     (room.go). The source of a stream has called [Route.Reserve] before (room.go). That of core NATS calls
//     [Route.Offer], which turns a message down if there is none.
//  2. dispatcher.add (queue.go) puts it into the lane of its topic: Route.lane, lane.pushBack (lane.go). If nothing
//     else holds the lane, dispatcher.refresh (dispatch.go) puts the lane into its route's ring, and the route into
//     the ring of routes.
//  3. If a worker is idle, Pipeline.borrowSlot (wake.go) takes the message for it, and Submit itself sends it, as in
//     step 6. Or Pipeline.pump wakes an idle worker. If none is idle, a busy one comes for the message by itself:
//     worker.run, Pipeline.take, Pipeline.assign (worker.go).
//  4. dispatcher.next (dispatch.go) decides. pick finds a route whose turn it is, and whose gates (gate.admits,
//     gate.go) and own quotas let it go on; awaitTokens asks the region's quota: dispatcher.due (limits.go),
//     [quota.Pacer.Due]. If nothing may start, it says when to ask again, and Pipeline.setTimer (wake.go) sees to
//     that.
//  5. dispatcher.start (dispatch.go) moves the message out of its lane into the parcel of a slot: dispatcher.load
//     (batch.go), with others if they make a batch. It pays for the publish: dispatcher.pay (limits.go). From here
//     the message is in flight.
//  6. Without the mutex, parcel.fill (batch.go) makes the [Request], and worker.send gives it to [Connection].Send
//     (worker.go), or worker.sendFor to TrySend (wake.go). See sink.go for the contract and package sink for what
//     happens then.
//  7. worker.receive (worker.go) gets the [Answer] from [Connection].Receive. parcel.observe (batch.go) measures
//     it.
//  8. Pipeline.take hands it to Pipeline.takeAnswer (answer.go), under the mutex. dispatcher.judge decides what it
//     means for this message, dispatcher.attempted counts it, and dispatcher.applyAnswer tells gates (gate.go) and
//     quotas (limits.go) what it means for everybody. dispatcher.noteTrouble (suspect.go) keeps what speaks against
//     the message.
//  9. dispatcher.finish (settle.go) takes the publish out of flight: dispatcher.land. Then each message ends:
//     dispatcher.end, which gives its room back. Or dispatcher.retry (retry.go) puts it into its lane again, as in
//     step 4. Or, if it can never be published, it stays in flight until a keeper has stored it: dispatcher.deadLetter,
//     Pipeline.keepLetters, dispatcher.finishLetter (deadletter.go).
//  10. Pipeline.unlock (settle.go) frees the mutex and calls [Settler].Settle.
//
// # Files
//
//	message.go     messages, outcomes, what a source must be: Settler, DeadLetters
//	sink.go        what a sink must be: Connection, Answer, Verdict
//	pipeline.go    Config, New, Run, the end, whether it is stuck
//	route.go       a route: Submit, Close, Pause
//	route_config.go what a route is told to do; the size of a message, and whether it can be published at all
//	memory.go      what all routes may hold, and how they borrow from each other
//	room.go        how much a route may hold, and what its source reserves of that
//	queue.go       a message is queued; messages that are dropped for newer ones, or expire
//	lane.go        the queue of a topic; lanes and messages that wait for a time
//	dispatch.go    which message goes next
//	turns.go       turns of routes, and of lanes within a route
//	ring.go        the queue in which they take turns
//	limits.go      the quotas that a publish counts towards; package quota is their arithmetic
//	batch.go       what one publish carries: a message or a batch
//	pack.go        batches that are packed outside the mutex, so that their size is known later
//	mark.go        what a message has for subscribers besides its payload
//	chain.go       which message of a topic came before which
//	latest.go      the newest message of each topic that has come, where only that is published
//	topic_table.go a table of bounded size with something of each topic
//	wake.go        idle workers, the timer, and sending for an idle worker
//	worker.go      a worker and its connection
//	depth.go       how many workers share the load, with how many publishes on each connection
//	crowd.go       connections that leave servers which refuse them more than others
//	answer.go      what an answer means for its message and for everybody
//	forbidden.go   topics that the key may not publish to
//	gate.go        one gate, its probes and trials; what is known of a cache
//	untried.go     what is told of a closed gate that no message can probe
//	probe.go       who may pass closed gates; which routes are halted; ProbeNow, KeyChanged
//	suspect.go     messages that the endpoint refuses while it accepts others
//	settle.go      a publish has landed; a message ends; its source is told
//	leave.go       a route is left to another replica: Forget, Yield, Begin
//	exchange.go    routes come and go while it runs
//	retry.go       a message waits for its next attempt; delays
//	deadletter.go  messages that can never be published
//	stats.go       a snapshot of everything
//	counts.go      what is counted of each route, by outcome, result and reason
//	metrics.go     the snapshot as metrics; histograms
//	times.go       how long publishes of all routes take
//	trace.go       what a tracer is told, and exemplars
//	trouble.go     what has gone wrong, counted, and whether it is over
//	origin.go      where a message comes from, so that people find it
//	events.go      what is logged, and how often
//
// # State and goroutines
//
// The dispatcher is a plain state machine: methods take the time and return a decision, nothing in it blocks. One mutex
// guards it, and workers call it themselves. No goroutine stands between the source and the worker, so that a busy
// pipeline passes a message on without waking anybody.
//
//	goroutine            started by   stops when                                joined by
//	worker (Workers)     Run          every route is closed and nothing is left  Run
//	keeper (16)          Run          as a worker; it stores dead letters        Run
//	timer callback (1)   setTimer     Run stops the timer                        takes no part in shutdown
//	Submit               the source   at once, in a replay when there is room    the source
//
// After the hard stop, too, a worker ends once nothing is left: what is queued ends at once, what is in flight with its
// attempt.
//
// An idle worker waits in the Receive of its connection. Whoever takes it off the list of idle workers, under the
// mutex, wakes it by Interrupt, or sends for it by TrySend. The list is last in, first out: at low rates few workers,
// and so few connections, are in use. While a quota is in force more of them take turns. One is woken at a time, and
// wakes the next if there is more to do. A worker has one publish in flight, or up to
// [Config].InFlight, or as many as depth has found to be needed. Then the latter also says how many workers are to be
// busy: while they come back with answers at once, no other one is woken ([Pipeline].enough).
//
// # Invariants
//
// Breaking one of these has caused, or would cause, a bug that tests find late:
//
//   - Nothing blocks while the mutex is held: no Settle, no Keep, no call of a Connection but Interrupt and Depth,
//     no log.
//   - Whoever may have ended a message or noted an event frees the mutex by Pipeline.unlock, which settles and
//     logs. A plain mu.Unlock leaves the source without its answer until somebody else calls unlock.
//   - Settle is called without the mutex, from any goroutine, and must not call back into the pipeline.
//   - Whatever makes a lane ready calls dispatcher.refresh. A lane that is ready and in no ring is forgotten.
//   - Whatever may let a message start while a worker is idle calls Pipeline.pump before it frees the mutex, as
//     unlock wakes nobody for that.
//   - Whatever may close or open the gate of the key, the endpoint, a cache or a route calls dispatcher.noteHalts,
//     so that sources are told.
//   - What dispatcher.land takes out of flight is ended or queued before the mutex is freed: until then the message
//     is in no count.
//   - The source owns the payload and keeps it unchanged until Settle. From Send to Receive the connection may read
//     it. A batch is a copy in the slot's buffer, which belongs to the connection in that time.
//   - A parcel, a slot and an entry are reused: nothing may refer to an entry after dispatcher.end, nor to a slot
//     after its answer has been taken back.
//   - Each accepted or refused publish is told to the quotas with the cost that it has paid.
//
// # Memory
//
// Config.MaxMessages and Config.MaxBytes are one memory for all routes (memory.go). Each is sure of an eighth divided
// by the routes, and borrows the rest as it needs it. When several want more, none borrows beyond its fair part, which
// is an equal one of those that hold or want something. What counts:
//
//   - of a message of a stream its payload and itself, from the request that asks for it until it has ended;
//   - of one of core NATS its payload, and [LeastCharge] at the least, from when the client has it until it has ended.
//     It counts as a message only where the oldest are dropped;
//   - not what is put aside, and not dead letters that cannot be stored: they have room of their own, each up to half
//     of an equal share of the messages for each route.
//
// So much of the heap is in use at the most: the bytes, some 110 for each message and 160 for each topic that waits,
// and for streams some 300 that their source needs. Messages with a [mark] take 200 more. The process has up to twice
// that, as the collector lets the heap grow before it clears it. For a moment, the client may hold what comes faster
// than it can be turned down.
//
// # Release valve
//
// A source that can be slowed down reserves room before it asks for messages, see [Route.Reserve]: JetStream is asked
// for no more than fits, and for nothing while publishing is halted. Core NATS cannot be slowed down: what has no room
// is dropped at once, and counted by the source. [Overload] and a greatest age let the queue drop instead.
package pipeline
