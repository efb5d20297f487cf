package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// codeStreamExists is the server's number for a stream that is there with other settings.
const codeStreamExists = 10058

// partitionsFresh is for how long the partition stream is not looked at again once it was right.
const partitionsFresh = 10 * time.Second

// preparePartitions sees to it that the partition stream is there and is what the route needs. It does nothing for a
// route without partitions.
func (j *JetStream) preparePartitions(ctx context.Context) error {
	p := j.cfg.Partitions
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.looked.IsZero() && time.Since(p.looked) < partitionsFresh {
		return nil
	}
	made, err := j.findPartitions(ctx)
	if err != nil || made == nil {
		return err
	}
	p.looked = time.Now()
	return nil
}

// findPartitions returns the partition stream, made if it was missing; nil where the user may not look.
func (j *JetStream) findPartitions(ctx context.Context) (*jetstream.StreamInfo, error) {
	p := j.cfg.Partitions
	if err := p.supported(versionOf(j.conn)); err != nil {
		return nil, err
	}
	made, err := j.streamNamed(ctx, p.Stream)
	switch {
	case err == nil:
		return made, p.check(&made.Config, made.State.Msgs, versionOf(j.conn))
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		if _, refused := errors.AsType[*RefusedError](err); refused {
			j.throttled.Warn("the NATS user may not look at the partition stream: whether it fits the route is "+
				"not known",
				"error", err)
			return nil, nil
		}
		return nil, j.explain(err)
	}
	source, err := j.partitionSource(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case !p.looked.IsZero():
		return nil, p.deleted()
	case !p.Create:
		return nil, j.missingPartitions(source, nil)
	}
	return j.createPartitions(ctx, source)
}

// partitionSource looks at the stream that is shared out.
func (j *JetStream) partitionSource(ctx context.Context) (*jetstream.StreamInfo, error) {
	p := j.cfg.Partitions
	source, err := j.streamNamed(ctx, p.Source)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("stream %s does not exist: create it, for example with `nats stream add %s "+
			"--subjects '%s'`: %w",
			p.Source, p.Source, strings.Join(p.Filters, ","), err)
	}
	if err != nil {
		return nil, j.missingPartitions(nil, err)
	}
	return source, p.checkSource(&source.Config)
}

func (j *JetStream) createPartitions(ctx context.Context,
	source *jetstream.StreamInfo,
) (*jetstream.StreamInfo, error) {
	p := j.cfg.Partitions
	ctx, release := j.guarded(ctx, "STREAM.CREATE."+p.Stream)
	defer release()
	stream, err := j.js.CreateStream(ctx, p.config(source, versionOf(j.conn)))
	if codeOf(err) == codeStreamExists { // Another replica was faster.
		made, err := j.streamNamed(ctx, p.Stream)
		if err != nil {
			return nil, j.explain(err)
		}
		return made, p.check(&made.Config, made.State.Msgs, versionOf(j.conn))
	}
	if err != nil {
		return nil, j.missingPartitions(source, refusal(ctx, err))
	}
	j.log.Info("created the partition stream", "source", p.Source, "partitions", p.Count, "replicas",
		stream.CachedInfo().Config.Replicas)
	return stream.CachedInfo(), nil
}

// missingPartitions says how the partition stream is made, which is not there; err is why it could not be made, if
// that was tried.
func (j *JetStream) missingPartitions(source *jetstream.StreamInfo, err error) error {
	p := j.cfg.Partitions
	line := p.Line(source, versionOf(j.conn), apiOf(j.conn))
	if err == nil {
		return fmt.Errorf("the partition stream %s does not exist: set create_consumer: true, or make it with "+
			"`%s`", p.Stream,
			line)
	}
	return fmt.Errorf("the partition stream %s does not exist and cannot be created: somebody who may makes it "+
		"with `%s`: "+
		"%w", p.Stream, line, err)
}

// deleted says what is to be done about a partition stream that was there and is gone. It is not made again at once:
// then all that its source has would be published again.
func (p *Partitions) deleted() error {
	return fmt.Errorf("the partition stream %s was deleted, and what waited in it is lost from there: restart with "+
		"deliver: %d to go on behind the latest message that had come, or with another place in stream %s", p.Stream,
		p.came.Load()+1, p.Source)
}

// supported reports what the servers lack.
func (p *Partitions) supported(server version) error {
	switch {
	case server.before(version{2, 10}):
		return fmt.Errorf("nats-server %d.%d cannot share out subjects: partitions need 2.10 or newer", server.major,
			server.minor)
	case p.whole() && server.before(version{2, 12}):
		return fmt.Errorf("nats-server %d.%d cannot share out %s, which has no * to do it by: name the tokens "+
			"with *, such "+
			"as orders.*, or use 2.12 or newer", server.major, server.minor, strings.Join(p.Filters, ", "))
	}
	return nil
}

// checkSource says why a stream cannot be shared out; nil if it can.
func (p *Partitions) checkSource(cfg *jetstream.StreamConfig) error {
	switch cfg.Retention {
	case jetstream.WorkQueuePolicy:
		return fmt.Errorf("stream %s is a work queue, in which each message is for one consumer: partitions "+
			"would take them "+
			"from whoever consumes it now; use a stream with limits retention, or leave partitions away", p.Source)
	case jetstream.InterestPolicy:
		return fmt.Errorf("stream %s keeps messages for consumers only (interest), and the one that fills "+
			"partitions is not "+
			"always there: what comes meanwhile would be lost; use a stream with limits retention, or leave "+
			"partitions away",
			p.Source)
	case jetstream.LimitsPolicy:
	}
	return nil
}

// check says why a stream cannot be the partition stream; nil if it can. It has so many messages.
func (p *Partitions) check(cfg *jetstream.StreamConfig, waiting uint64, server version) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("stream %s cannot be the partition stream of route stream %s: %s", p.Stream, p.Source,
			fmt.Sprintf(format, args...))
	}
	if cfg.Retention != jetstream.WorkQueuePolicy || len(cfg.Subjects) > 0 || cfg.Mirror != nil ||
		len(cfg.Sources) != 1 || cfg.Sources[0].Name != p.Source {
		return bad("it must be a work queue that has its messages from there alone: name another one in " +
			"partition_stream, " +
			"which is made when it is missing")
	}
	if n := partitionsOf(cfg.Sources[0].SubjectTransforms); n != p.Count && n > 0 {
		return p.changed(n, waiting)
	}
	if !slices.Equal(sorted(cfg.Sources[0].SubjectTransforms), sorted(p.transforms())) {
		return bad("it was made for other subjects or another topic (%s): wait until it is empty, and delete "+
			"it, or name "+
			"another one in partition_stream; in both cases `deliver` says where that begins",
			transformsText(cfg.Sources[0].SubjectTransforms))
	}
	limited := cfg.MaxMsgs > 0 || cfg.MaxBytes > 0 || cfg.MaxMsgsPerSubject > 0
	switch {
	case limited && cfg.Discard != jetstream.DiscardNew || cfg.MaxAge > 0:
		return bad("its limits delete what has not been published: `nats stream edit %s --max-msgs=-1 --max-bytes=-1 "+
			"--max-msgs-per-subject=-1 --max-age=0`", p.Stream)
	case limited && server.before(version{2, 15}):
		return bad("it has a limit, behind which servers older than 2.15 may stop filling it for ever: `nats "+
			"stream edit %s "+
			"--max-msgs=-1 --max-bytes=-1 --max-msgs-per-subject=-1`", p.Stream)
	}
	return nil
}

// changed says what to do about another number of partitions.
func (p *Partitions) changed(before int, waiting uint64) error {
	what := fmt.Sprintf("set partitions: %d until what waits in it (%d) is published", before, waiting)
	if waiting == 0 {
		what = "it is empty"
	}
	return fmt.Errorf("partitions is %d and the partition stream %s was made for %d, which cannot be changed "+
		"while messages "+
		"wait, as order would be lost: %s; then, with nothing being published to stream %s, stop the bridge, "+
		"`nats stream rm "+
		"%s`, and start with deliver: the last sequence of %s (`nats stream info`) + 1, for which the stream is "+
		"made anew",
		p.Count, p.Stream, before, what, p.Source, p.Stream, p.Source)
}

// partitionsOf reads how many partitions transforms make; 0 if they are of another kind.
func partitionsOf(transforms []jetstream.SubjectTransformConfig) int {
	if len(transforms) == 0 {
		return 0
	}
	var n int
	if _, err := fmt.Sscanf(transforms[0].Destination, "{{partition(%d", &n); err != nil {
		return 0
	}
	return n
}

func sorted(transforms []jetstream.SubjectTransformConfig) []jetstream.SubjectTransformConfig {
	return slices.SortedFunc(slices.Values(transforms), func(a, b jetstream.SubjectTransformConfig) int {
		return strings.Compare(a.Source, b.Source)
	})
}

func transformsText(transforms []jetstream.SubjectTransformConfig) string {
	texts := make([]string, len(transforms))
	for i, t := range transforms {
		texts[i] = t.Source + " → " + t.Destination
	}
	return strings.Join(texts, ", ")
}
