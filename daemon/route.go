package daemon

import (
	"fmt"
	"strings"
	"time"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/source"
	"momento-bridge/source/template"
)

// routePlan is one route: exactly one of core and jetStream is set.
type routePlan struct {
	route      pipeline.RouteConfig // Without settler and dead letters.
	core       *source.CoreConfig
	jetStream  *source.JetStreamConfig
	partitions *source.Partitions // Of jetStream; nil: there are none.
	deadLetter string             // A subject, or empty.
	from, to   string             // What it consumes and where it publishes, for people.
}

func newRoutePlan(f *config.File, i int) routePlan {
	r := f.Routes[i]
	path := fmt.Sprintf("routes[%d]", i)
	filters := r.Filters()
	subject, several := "", filters
	if len(filters) < 2 {
		subject, several = strings.Join(filters, ""), nil
	}
	if len(filters) == 0 {
		filters = []string{">"}
	}
	topics, err := template.Compile(filters, r.Topic)
	if err != nil && !f.Broken(path+".subject") && !f.Broken(path+".subjects") {
		f.Problemf(path+".topic", "%v", err)
	}
	p := routePlan{
		route: pipeline.RouteConfig{
			Name:        r.Name,
			Cache:       r.Cache,
			Ordered:     r.Ordering == config.OrderingTopic,
			AtMostOnce:  r.Delivery == config.AtMostOnce,
			Text:        r.ContentType == config.TextPlain,
			MaxPayload:  int(r.MaxPayload),
			Batch:       batchOf(&r),
			Overload:    overloads[r.Overload],
			MaxAge:      time.Duration(r.MaxAge),
			GiveUpAfter: time.Duration(r.GiveUpAfter),
			Subscribers: r.Subscribers,
			Empty:       empties[r.Empty],
			KeepSubject: r.Carried().Subject,
		},
		deadLetter: r.DeadLetter.Subject,
		from:       consumed(r),
		to:         r.Cache + "/" + r.Topic,
	}
	if f.Has(path + ".give_up_after") { // By default topics are waited for.
		p.route.GiveUpForbidden = time.Duration(r.GiveUpAfter)
	}
	if r.Stream == "" {
		p.core = &source.CoreConfig{
			Route: r.Name, Subject: subject, Subjects: several, Queue: r.Queue, Template: topics,
			MaxBytes: int64(f.Queue.MaxBytes), Letters: p.deadLetter != "", KeepHeader: keepsHeader(&r),
			Envelope: envelopeOf(f, i),
		}
		return p
	}
	p.jetStream = &source.JetStreamConfig{
		Route: r.Name, Stream: r.Stream, Subject: subject, Subjects: several, Consumer: r.Consumer,
		Create: r.CreateConsumer, DeliverNew: r.Deliver == config.DeliverNew, Template: topics,
		Ordered: p.route.Ordered, Overload: p.route.Overload, KeepHeader: keepsHeader(&r),
		Marked: p.route.Ordered && p.route.Batch.Packing != nil, Domain: f.NATS.Domain, Envelope: envelopeOf(f, i),
		Circumstances: source.Circumstances{
			Rate:          leastRate(&f.Config, i),
			Connections:   mostInFlight(&f.Config),
			Timeout:       time.Duration(f.Momento.Timeout),
			QueueMessages: f.Queue.MaxMessages,
		},
	}
	p.jetStream.DeliverFrom, _ = r.Deliver.Time()
	p.jetStream.DeliverSequence, _ = r.Deliver.Sequence()
	checkLease(f, p.jetStream)
	p.partitions = newPartitions(f, i)
	return p
}

// keepsHeader reports whether the pipeline needs the headers of a route's messages: events have them already.
func keepsHeader(r *config.Route) bool {
	return r.Batch.Format == config.Packed && len(r.Carried().Headers) > 0
}

// keepsHeader reports whether the route needs the headers of its messages.
func (r *routePlan) keepsHeader() bool {
	if r.jetStream != nil {
		return r.jetStream.KeepHeader
	}
	return r.core.KeepHeader
}

// wholeStream is the stream that the route consumes without a filter; empty if it has one, or no stream.
func (r *routePlan) wholeStream() string {
	if r.jetStream == nil || len(r.jetStream.Filters()) > 0 {
		return ""
	}
	return r.jetStream.Stream
}

func consumed(c config.Route) string {
	subjects := few(c.Filters())
	if c.Stream == "" {
		return "core NATS " + subjects + " (queue " + c.Queue + ")"
	}
	text := "stream " + c.Stream
	if subjects != "" {
		text += " " + subjects
	}
	if c.Partitioned() {
		text += fmt.Sprintf(" in %d partitions", c.Partitions)
	}
	return text
}

// fewSubjects are shown of a route's subjects, if it has many.
const fewSubjects = 8

// few lists subjects, in a line that people can read.
func few(subjects []string) string {
	if n := len(subjects) - fewSubjects; n > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(subjects[:fewSubjects], ", "), n)
	}
	return strings.Join(subjects, ", ")
}
