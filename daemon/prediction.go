package daemon

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/batch"
	"momento-bridge/config"
	"momento-bridge/envelope"
	"momento-bridge/source"
	"momento-bridge/source/template"
	"momento-bridge/terminal"
)

const (
	// predictBy is how many of a route's newest messages are looked at.
	predictBy = 200
	// predictWithin is the time for one route, predictAllWithin for all. Predictions are worth no more.
	predictWithin    = 3 * time.Second
	predictAllWithin = 10 * time.Second
	// predictGain is how many times as many messages packing must bring to be spoken of.
	predictGain = 1.5
)

// predictBatches tells how many messages a full publish of each route will have, by its newest messages, where that
// matters.
func predictBatches(ctx context.Context, list Checks, conn *nats.Conn, p *Plan) {
	ctx, cancel := context.WithTimeout(ctx, predictAllWithin)
	defer cancel()
	acks := source.NewAcks(conn)
	for i := range p.routes {
		c := &p.file.Routes[i]
		if text := predictRoute(ctx, conn, acks, &p.routes[i], c); text != "" {
			list.Pass("route " + c.Name + ": " + text)
		}
	}
}

// predictRoute says it of one route; nothing where there is nothing to say.
func predictRoute(ctx context.Context, conn *nats.Conn, acks *source.Acks, r *routePlan, c *config.Route) string {
	batches := c.Batch.Format != config.FormatNone
	if r.jetStream == nil {
		if batches {
			return "how many messages fit into a publish is not known before they come: core NATS keeps none"
		}
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, predictWithin)
	defer cancel()
	samples, err := source.Recent(ctx, conn, acks, source.Look{
		Stream: r.jetStream.Stream, Filters: c.Filters(), Messages: predictBy, Payload: int(c.MaxPayload),
	})
	if refused, ok := errors.AsType[*source.RefusedError](err); ok && batches {
		return "how many messages fit into a publish was not looked at: the NATS user may not publish to " +
			refused.Subject
	}
	if len(samples) == 0 {
		return "" // A stream that is missing, or empty, has been told of.
	}
	topics := topicsOf(samples, r.jetStream.Template)
	if e := r.envelope(); e != nil {
		samples = wrapped(samples, e, r.jetStream.Stream)
	}
	text := prediction(samples, c, packingOf(r))
	if text != "" && topics > 1 {
		text += fmt.Sprintf(", of %d topics: a publish has those of one", topics)
	}
	return text
}

// topicsOf is how many topics samples are published to.
func topicsOf(samples []source.Sample, t *template.Template) int {
	topics, seen := template.NewCache(t), map[string]bool{}
	for i := range samples {
		if topic, unfit := topics.Topic(samples[i].Subject, samples[i].Header); unfit == "" {
			seen[strings.Clone(topic)] = true
		}
	}
	return len(seen)
}

// wrapped puts samples into a route's envelope, as they are published.
func wrapped(samples []source.Sample, e *source.Envelope, stream string) []source.Sample {
	maker := envelope.New(e.Config)
	for i := range samples {
		s := &samples[i]
		if s.Payload == nil { // It was too large before.
			continue
		}
		s.Payload, _ = maker.Make(&envelope.Message{
			Subject: s.Subject, Stream: stream, Sequence: s.Sequence, Time: s.Time, Header: s.Header,
			Payload: s.Payload,
		})
		s.Size = len(s.Payload)
	}
	return samples
}

// packingOf is how a route packs, or would without more in its configuration.
func packingOf(r *routePlan) *batch.Packing {
	if p := r.route.Batch.Packing; p != nil {
		return p
	}
	return &batch.Packing{}
}

// prediction says how many messages of a sample fit into a publish: as the route has them, and packed where that is
// more. It holds nothing of their payloads.
func prediction(samples []source.Sample, c *config.Route, packing *batch.Packing) string {
	most := int(min(c.MaxPayload, c.Batch.MaxBytes))
	fit, large := fitting(samples, int(c.MaxPayload))
	packed := fill{} // Events are not packed.
	if c.Envelope != config.EnvelopeCloudEvents {
		packed = filled(packedPublishes(fit, packing, most))
	}
	now, unfit := packed, 0
	if c.Batch.Format != config.Packed {
		now, unfit = packs(fit, c.Batch.Format, most)
	}
	now, packed = now.atMost(c.Batch.MaxMessages), packed.atMost(c.Batch.MaxMessages)
	var parts []string
	if text := compared(fit, c, now, packed, most); text != "" {
		parts = append(parts, text)
	}
	if large > 0 {
		parts = append(parts, fmt.Sprintf("%d larger than max_payload, %d bytes", large, int(c.MaxPayload)))
	}
	if unfit > 0 {
		parts = append(parts, fmt.Sprintf("%d that can be in no batch of %s", unfit, c.Batch.Format))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ") + "; by its newest " + terminal.Plural(len(samples), "message")
}

// compared compares the route's format with others, where that would bring much.
func compared(fit []source.Sample, c *config.Route, now, packed fill, most int) string {
	if len(fit) == 0 || c.Overload == config.OverloadKeepLatest { // A batch has one message then.
		return ""
	}
	others := ", " + packed.String() + " packed"
	if c.ContentType == config.TextPlain {
		others += " (with content_type application/octet-stream)"
	}
	switch c.Batch.Format {
	case config.Packed:
		return now.String() + " messages a publish, packed"
	case config.FormatNone:
		json, _ := packs(fit, string(batch.JSON), most)
		if max(json.each, packed.each) < 2 {
			return ""
		}
		if packed.each < predictGain*json.each {
			others = ""
		}
		return fmt.Sprintf("1 message a publish; with batch.format %s as json%s", json, others)
	}
	if packed.each < predictGain*now.each {
		others = ""
	}
	return fmt.Sprintf("%s messages a publish as %s%s", now, c.Batch.Format, others)
}

// fitting returns those of the samples that may be published at all, and how many may not.
func fitting(samples []source.Sample, maxPayload int) (fit []source.Sample, large int) {
	for _, s := range samples {
		if s.Size > maxPayload {
			large++
			continue
		}
		fit = append(fit, s)
	}
	return fit, large
}

// fill is how many messages are in a publish.
type fill struct {
	each  float64
	least bool // There were not enough messages to fill one.
}

// atMost is what it is where a publish may have no more than so many messages; 0: as many as fit.
func (f fill) atMost(messages int) fill {
	if messages == 0 || f.each < float64(messages) {
		return f
	}
	return fill{each: float64(messages)}
}

// String is the number as people would say it.
func (f fill) String() string {
	switch {
	case f.least:
		return "at least " + strconv.Itoa(int(f.each))
	case f.each < 10:
		return "about " + strconv.FormatFloat(math.Round(f.each*10)/10, 'f', -1, 64)
	case f.each < 100:
		return "about " + strconv.Itoa(int(math.Round(f.each)))
	}
	return "about " + strconv.Itoa(10*int(math.Round(f.each/10)))
}

// packs puts samples into publishes of at most so many bytes, one after the other, and returns how many are in a full
// one, and how many can be in none of this format.
func packs(samples []source.Sample, format string, most int) (fill, int) {
	if format == config.FormatNone {
		return fill{each: 1}, 0
	}
	publishes, unfit := framedPublishes(samples, format, most)
	return filled(publishes), unfit
}

// filled is how many messages the full ones of several publishes have.
func filled(publishes []int) fill {
	switch len(publishes) {
	case 0:
		return fill{}
	case 1:
		return fill{each: float64(publishes[0]), least: true}
	}
	full := publishes[:len(publishes)-1] // The last has what was left.
	sum := 0
	for _, n := range full {
		sum += n
	}
	return fill{each: float64(sum) / float64(len(full))}
}

// framedPublishes returns how many messages each publish has.
func framedPublishes(samples []source.Sample, format string, most int) (publishes []int, unfit int) {
	framing, err := batch.Parse(format)
	if err != nil {
		return nil, 0
	}
	n, size := 0, framing.Overhead()
	for _, s := range samples {
		bytes, err := framing.Size(s.Payload)
		if err != nil {
			unfit++
			continue
		}
		if n > 0 && size+bytes > most {
			publishes = append(publishes, n)
			n, size = 0, framing.Overhead()
		}
		n++
		size += bytes
	}
	if n > 0 {
		publishes = append(publishes, n)
	}
	return publishes, unfit
}

// packedPublishes returns how many messages each packed publish has.
func packedPublishes(samples []source.Sample, packing *batch.Packing, most int) (publishes []int) {
	packer := batch.NewPacker(packing)
	for len(samples) > 0 {
		packer.Begin(1, 0)
		for _, s := range samples {
			packer.Add(s.Payload, s.Sequence, s.Subject, s.Time, s.Header)
		}
		_, n := packer.Fit(nil, most)
		publishes = append(publishes, n)
		samples = samples[n:]
	}
	return publishes
}
