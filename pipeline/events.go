package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"momento-bridge/condition"
)

// eventKind is something worth a line in the log.
type eventKind uint8

const (
	eventKeyRefused eventKind = iota
	eventKeyAccepted
	eventEndpointDown
	eventEndpointUp
	eventCacheMissing
	eventCacheFound
	eventTopicForbidden
	eventTopicAllowed
	eventRouteForbidden
	eventRouteAllowed
	eventRouteRejected
	eventQuotaRefused
	eventQuotaAccepted
	eventOverload
	eventExpired
	eventDropped
	eventUnclear
	eventDeadLettered
	eventDeadLetter
	eventSkipped
	eventSuspect
	eventLeftAlone
	eventAsideFull
	eventLettersStored
	eventLetterLost
	eventRoundTrip
	eventKindCount
)

// eventTexts say what has happened and what to do.
var eventTexts = [eventKindCount]struct {
	level slog.Level
	text  string
}{
	eventKeyRefused: {
		slog.LevelError,
		condition.KeyRefused.Sentence() + " (401): publishing is parked until it is accepted",
	},
	eventKeyAccepted: {slog.LevelInfo, "the API key is accepted again"},
	eventEndpointDown: {
		slog.LevelError,
		condition.EndpointDown.Sentence() + ": publishing is parked, one probe a second; " +
			condition.EndpointDown.Advice(),
	},
	eventEndpointUp: {slog.LevelInfo, "the endpoint answers again"},
	eventCacheMissing: {
		slog.LevelError,
		condition.CacheMissing.Sentence() + " (404): its routes are parked; " + condition.CacheMissing.Advice(),
	},
	eventCacheFound: {slog.LevelInfo, "the cache exists now"},
	eventTopicForbidden: {
		slog.LevelError,
		"the API key may not publish to a topic of the route (403): the topic is parked; " +
			condition.TopicsForbidden.Advice(),
	},
	eventTopicAllowed: {slog.LevelInfo, "the topic is allowed now"},
	eventRouteForbidden: {
		slog.LevelError,
		condition.RouteForbidden.Sentence() + " of the route (403): the route is parked; " +
			condition.RouteForbidden.Advice(),
	},
	eventRouteAllowed: {slog.LevelInfo, "the route publishes again"},
	eventRouteRejected: {
		slog.LevelError,
		"the endpoint rejects every message of the route: the route is parked, and no more of its messages are " +
			"rejected; " + condition.Rejecting.Advice(),
	},
	eventQuotaRefused: {
		slog.LevelWarn,
		"the endpoint refuses for quota, or asks for a wait: publishing is slowed down",
	},
	eventQuotaAccepted: {slog.LevelInfo, "the endpoint accepts again after refusals for quota"},
	eventOverload: {
		slog.LevelWarn,
		"messages come faster than they can be published: the oldest are dropped, as overload says",
	},
	eventExpired: {slog.LevelWarn, "messages expire: they were older than max_age before they could be published"},
	eventDropped: {
		slog.LevelError,
		"a message can never be published and the route has no dead_letter: it is dropped",
	},
	eventUnclear: {
		slog.LevelError,
		"nobody knows whether a message was published, and it is not tried again (delivery: at-most-once): it " +
			"may be lost",
	},
	eventDeadLettered: {slog.LevelWarn, "a message can never be published: it is kept as a dead letter"},
	eventDeadLetter:   {slog.LevelError, "a dead letter could not be stored: its message waits"},
	eventSkipped:      {slog.LevelInfo, "messages without bytes are skipped (empty: skip)"},
	eventSuspect: {
		slog.LevelWarn,
		"the endpoint keeps refusing a message or its topic: the message is put aside, holds up only its topic, and " +
			"is tried again from time to time; look at the message, and at give_up_after and dead_letter",
	},
	eventLeftAlone: {
		slog.LevelWarn,
		"the endpoint asks for a long pause (Retry-After): publishing stops until then; a reload " +
			"(SIGHUP) or a resume tries at once",
	},
	eventAsideFull: {
		slog.LevelError,
		"too many messages are put aside, as the endpoint refuses them and accepts others: one is dropped; consume " +
			"the subject from a stream, where they can wait",
	},
	eventLettersStored: {slog.LevelInfo, "dead letters can be stored again"},
	eventLetterLost: {
		slog.LevelError,
		"a message can never be published, no dead letter can be stored, and too many wait for that: it is dropped",
	},
	eventRoundTrip: {
		slog.LevelError,
		"a dead letter was consumed and rejected again, and would go round for ever: it is dropped",
	},
}

// event is something that has happened. It is noted under the pipeline's mutex, and logged by unlock without it.
type event struct {
	kind   eventKind
	route  *Route // nil: it concerns all routes.
	detail string
	advice string  // What to do, where the kind's text does not say so.
	silent int     // Events of this kind and route before it that were not logged,
	passed stretch // and where those are.
	origin Origin  // Of its message,
	topic  string  // where that goes; empty: it is about none.
	reason string  // Why that can never be published; empty: it is not about that.
	status int
}

const (
	// maxEvents bounds the events that wait to be logged; more are only counted.
	maxEvents = 64
	// quietTime is the least time between two lines of one kind about one route, so that events that come again and
	// again do not fill the log.
	quietTime = 10 * time.Second
	// quietQuota is what that time grows to for refusals for quota, which never end where the quota is used up.
	quietQuota = 10 * time.Minute
)

// eventNotes are the events that wait to be logged, and what is needed to leave some out.
type eventNotes struct {
	waiting   []event
	noted     map[subject]*noted
	keyAdvice string // What to do about a key that is refused.
}

// subject is what events are about. There are no more than kinds times routes.
type subject struct {
	kind  eventKind
	route *Route
}

// noted is what has been noted about a subject.
type noted struct {
	last   time.Time     // When an event was logged last.
	quiet  time.Duration // Until the next one may be logged.
	silent int           // Events that have been left out since,
	passed stretch       // where those are,
	latter event         // and the latest of them.

	// What has been counted since the start, whatever was logged.
	count         uint64
	first, latest time.Time
	over          time.Time // Since when it is over; zero: it is not, as far as is known.
	said          string    // The latest detail.
}

// counted counts an event.
func (n *noted) counted(now time.Time, e *event) {
	if n.count++; n.count == 1 {
		n.first = now
	}
	n.latest, n.over, n.said = now, time.Time{}, e.detail
}

// note has unlock log an event, unless one about the same subject was logged a short time ago.
func (n *eventNotes) note(now time.Time, e event) {
	if e.route != nil && e.route.cfg.Apart {
		return
	}
	if now.IsZero() { // Whoever notes a rare event need not know the time.
		now = time.Now()
	}
	if e.kind == eventKeyRefused {
		e.advice = n.keyAdvice
	}
	n.log(now, &e).counted(now, &e)
}

// log has unlock log an event, unless it is left out. It returns what has been noted about its subject.
func (n *eventNotes) log(now time.Time, e *event) *noted {
	about := subject{e.kind, e.route}
	before := n.noted[about]
	if before == nil {
		before = &noted{}
		if n.noted == nil {
			n.noted = map[subject]*noted{}
		}
		n.noted[about] = before
	}
	since := now.Sub(before.last)
	due := since >= before.quiet
	if refused := n.noted[subject{eventQuotaRefused, e.route}]; e.kind == eventQuotaAccepted && refused != nil {
		due = refused.silent == 0 // The end is logged if the beginning was.
	}
	if !due || len(n.waiting) >= maxEvents {
		before.silent++
		before.passed.add(e.origin.Sequence)
		before.latter = *e
		return before
	}
	e.silent, e.passed = before.silent, before.passed
	quiet := quietTime
	if e.kind == eventQuotaRefused && since < 2*before.quiet {
		quiet = min(2*before.quiet, quietQuota)
	}
	before.last, before.quiet, before.silent, before.passed, before.latter = now, quiet, 0, stretch{}, event{}
	n.waiting = append(n.waiting, *e)
	return before
}

// ofMessages reports whether each event of the kind is about a message of its own, so that each is counted in the log.
func (k eventKind) ofMessages() bool {
	return k == eventOverload || k == eventExpired || k == eventDropped || k == eventDeadLettered ||
		k == eventUnclear ||
		k == eventLetterLost || k == eventRoundTrip || k == eventSuspect || k == eventAsideFull || k == eventSkipped
}

// repeat notes one event for each subject about whose messages events have been left out for quietTime.
func (n *eventNotes) repeat(now time.Time) {
	for about, passed := range n.noted {
		if about.kind.ofMessages() && passed.silent > 0 && now.Sub(passed.last) >= quietTime {
			passed.silent-- // This one is logged.
			latter := passed.latter
			n.log(now, &latter)
		}
	}
}

// forget forgets what was noted about routes that are gone.
func (n *eventNotes) forget(gone func(*Route) bool) {
	maps.DeleteFunc(n.noted, func(about subject, _ *noted) bool { return gone(about.route) })
}

// TellRepeats logs how many events about messages have been left out of the log so far. Whoever runs the pipeline calls
// it now and then.
func (p *Pipeline) TellRepeats() {
	p.mu.Lock()
	defer p.unlock()
	p.d.events.repeat(time.Now())
}

func (e event) log(logger *slog.Logger) {
	what := eventTexts[e.kind]
	attrs := make([]slog.Attr, 0, 10)
	if e.route != nil {
		attrs = append(attrs, slog.String("route", e.route.cfg.Name))
	}
	if e.advice != "" {
		attrs = append(attrs, slog.String("advice", e.advice))
	}
	attrs = e.attrs(attrs)
	//nolint:sloglint // The texts are constants, in the table above.
	logger.LogAttrs(context.Background(), what.level, what.text, attrs...)
}
