package source

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/source/template"
)

// Partitions are the parts that the topics of one route are shared out among. They lie in a work-queue stream that
// the servers fill from the stream that the route names, with the number of the part in front of each subject. All
// sources of the route's partitions share one. Its methods may be called concurrently.
type Partitions struct {
	Stream string // The work queue,
	Source string // and the stream that it is filled from.
	Count  int
	// Filters are the subjects that are carried, at least one; each has a key.
	Filters []string
	Keys    []template.Key
	Create  bool // Make the stream when it is missing.
	// Where filling a stream begins that is made: with new messages, from a time, or a sequence; else with all.
	New      bool
	From     time.Time
	Sequence uint64

	mu     sync.Mutex // Guards the following.
	looked time.Time  // When the stream was found to be right.

	came atomic.Uint64 // The highest sequence of the source that has come.
}

// Consumer is the name of the durable consumer of a partition, counted from 0.
func (p *Partitions) Consumer(n int) string { return "p" + strconv.Itoa(n) }

// Filter is what that consumer delivers.
func (p *Partitions) Filter(n int) string { return strconv.Itoa(n) + ".>" }

// Config makes the settings of one partition's source, counted from 0, of those that the route would have without.
func (p *Partitions) Config(c JetStreamConfig, n int) JetStreamConfig {
	c.Stream, c.Consumer, c.Subject, c.Subjects = p.Stream, p.Consumer(n), p.Filter(n), nil
	c.DeliverNew, c.DeliverFrom, c.DeliverSequence = false, time.Time{}, 0
	c.Partitions, c.Partition = p, n
	return c
}

// transforms put the number of the partition in front of the subjects of each filter.
func (p *Partitions) transforms() []jetstream.SubjectTransformConfig {
	transforms := make([]jetstream.SubjectTransformConfig, len(p.Filters))
	for i, filter := range p.Filters {
		arguments := []string{strconv.Itoa(p.Count)}
		for _, n := range p.Keys[i].Wildcards {
			arguments = append(arguments, strconv.Itoa(n))
		}
		tokens, stars := strings.Split(filter, "."), 0
		for k, token := range tokens {
			if token == "*" {
				stars++
				tokens[k] = fmt.Sprintf("{{wildcard(%d)}}", stars)
			}
		}
		transforms[i] = jetstream.SubjectTransformConfig{
			Source:      filter,
			Destination: "{{partition(" + strings.Join(arguments, ",") + ")}}." + strings.Join(tokens, "."),
		}
	}
	return transforms
}

// whole reports whether a key is a whole subject, which only newer servers can share out.
func (p *Partitions) whole() bool {
	return slices.ContainsFunc(p.Keys, func(k template.Key) bool { return k.Whole })
}

// config returns the settings of the stream. What is known of its source, nil if that is nothing, says how safe it is.
func (p *Partitions) config(source *jetstream.StreamInfo, server version) jetstream.StreamConfig {
	from := &jetstream.StreamSource{Name: p.Source, SubjectTransforms: p.transforms()}
	switch {
	case p.New && source != nil:
		from.OptStartSeq = source.State.LastSeq + 1
	case !p.From.IsZero():
		from.OptStartTime = &p.From
	case p.Sequence > 0:
		from.OptStartSeq = p.Sequence
	}
	cfg := jetstream.StreamConfig{
		Name: p.Stream, Description: "momento-bridge, partitions of " + p.Source, Retention: jetstream.WorkQueuePolicy,
		Discard: jetstream.DiscardNew, MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1,
		MaxConsumers: -1, Replicas: 1, Sources: []*jetstream.StreamSource{from},
	}
	if source != nil {
		own := &source.Config
		cfg.Storage, cfg.Replicas, cfg.Placement = own.Storage, own.Replicas, own.Placement
	}
	if server.before(version{2, 15}) { // Older servers take two messages with one id for the same one, here as well.
		cfg.Duplicates = 100 * time.Millisecond
	}
	return cfg
}

// Line is the command that makes the stream, for somebody who may. replicas is how many servers are to have it.
func (p *Partitions) Line(source *jetstream.StreamInfo, server version, api API) string {
	cfg := p.config(source, server)
	from := map[string]any{"name": p.Source, "subject_transforms": cfg.Sources[0].SubjectTransforms}
	if n := cfg.Sources[0].OptStartSeq; n > 0 {
		from["opt_start_seq"] = n
	}
	if at := cfg.Sources[0].OptStartTime; at != nil {
		from["opt_start_time"] = at
	}
	settings := map[string]any{
		"name": p.Stream, "retention": cfg.Retention, "discard": cfg.Discard, "storage": cfg.Storage,
		"num_replicas": cfg.Replicas, "sources": []any{from},
	}
	if cfg.Duplicates > 0 {
		settings["duplicate_window"] = cfg.Duplicates
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(settings) // Nothing in it can fail.
	return fmt.Sprintf("nats request '%s' '%s'", api.subject("STREAM.CREATE."+p.Stream),
		strings.TrimSpace(text.String()))
}

// strip takes the number of the partition from the subject of a message that has come.
func (c *JetStreamConfig) strip(m *nats.Msg) {
	if c.Partitions == nil {
		return
	}
	if _, subject, found := strings.Cut(m.Subject, "."); found {
		m.Subject = subject
	}
	sequence := origin(m.Header)
	for came := &c.Partitions.came; ; {
		before := came.Load()
		if sequence <= before || came.CompareAndSwap(before, sequence) {
			return
		}
	}
}

// carried are the filters as the route names them.
func (c *JetStreamConfig) carried() []string {
	if c.Partitions != nil {
		return c.Partitions.Filters
	}
	return c.Filters()
}

// sourceHeader is where servers note which message of another stream one was made of: the stream, its sequence, and
// what it was chosen by.
const sourceHeader = "Nats-Stream-Source"

// origin returns the sequence in its own stream of a message that came from a partition; 0 if it does not say.
func origin(h nats.Header) uint64 {
	_, rest, _ := strings.Cut(h.Get(sourceHeader), " ")
	sequence, _, _ := strings.Cut(rest, " ")
	return decimal(sequence)
}

// stored returns where a message lies that has come from a stream, which may be a partition stream, at a sequence.
func (p *Partitions) stored(stream string, sequence uint64, h nats.Header) (string, uint64) {
	if p == nil || stream != p.Stream {
		return stream, sequence
	}
	if n := origin(h); n > 0 {
		return p.Source, n
	}
	return stream, sequence
}

// version is that of a server.
type version struct{ major, minor int }

// versionOf reads the version of the server that a connection is to; the zero value if there is none.
func versionOf(conn *nats.Conn) version {
	var v version
	if _, err := fmt.Sscanf(conn.ConnectedServerVersion(), "%d.%d", &v.major, &v.minor); err != nil {
		return version{}
	}
	return v
}

// before reports whether a server is known to be older.
func (v version) before(other version) bool {
	return v != version{} && (v.major < other.major || v.major == other.major && v.minor < other.minor)
}
