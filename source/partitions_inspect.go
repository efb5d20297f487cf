package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Inspect looks at a route, whose sources these are: its only one, or one for each partition. Nothing is created.
func Inspect(ctx context.Context, route []*JetStream) []Finding {
	first := route[0]
	if first.cfg.Partitions == nil {
		return first.Inspect(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, 4*bindTimeout)
	defer cancel()
	i := &inspection{j: first}
	if err := first.acks.refusals.maySubscribe(first.conn.NewInbox() + ".*"); err != nil {
		i.fail("permissions", deaf(err))
		return i.all
	}
	i.partitions(ctx, route)
	i.tellMissing()
	return i.all
}

// partitions looks at the stream that is shared out, at the partition stream and at its consumers.
func (i *inspection) partitions(ctx context.Context, route []*JetStream) {
	p := i.j.cfg.Partitions
	source, err := i.j.partitionSource(ctx)
	if err != nil {
		i.fail("stream "+p.Source, err)
		return
	}
	i.pass(fmt.Sprintf("stream %s: shared out among %d partitions", p.Source, p.Count))
	i.durability(source)
	what := "partition stream " + p.Stream
	if err := p.supported(versionOf(i.j.conn)); err != nil {
		i.fail(what, err)
		return
	}
	made, err := i.j.streamNamed(ctx, p.Stream)
	if _, refused := errors.AsType[*RefusedError](err); refused {
		i.missing = append(i.missing, i.j.api("STREAM.INFO."+p.Stream))
	} else if errors.Is(err, jetstream.ErrStreamNotFound) {
		i.partitionCreation(what, source)
		return
	} else if err == nil {
		err = p.check(&made.Config, made.State.Msgs, versionOf(i.j.conn))
	}
	if err != nil && made != nil {
		i.fail(what, err)
		return
	}
	if err := i.j.refuseEcho(ctx); err != nil {
		i.fail("stream "+p.Source, err)
		return
	}
	if made != nil {
		i.pass(fmt.Sprintf("%s: %d messages wait in it", what, made.State.Msgs))
		i.durability(made)
	}
	i.partitionConsumers(ctx, route, made)
}

// partitionCreation looks whether the partition stream can be made, which is missing.
func (i *inspection) partitionCreation(what string, source *jetstream.StreamInfo) {
	p := i.j.cfg.Partitions
	if !p.Create {
		i.fail(what, i.j.missingPartitions(source, nil))
		return
	}
	create := i.j.api("STREAM.CREATE." + p.Stream) // What is no JSON creates nothing.
	if err := i.j.acks.refusals.mayPublish(create, []byte("{")); err != nil {
		i.fail(what, i.j.missingPartitions(source, err))
		return
	}
	i.pass(what + " does not exist yet: run creates it, and its consumers")
	i.permissions()
}

// partitionConsumers looks at each consumer, and tells of all of them at once where nothing is wrong.
func (i *inspection) partitionConsumers(ctx context.Context, route []*JetStream, made *jetstream.StreamInfo) {
	for _, j := range route {
		one := &inspection{j: j}
		one.consumer(ctx, made)
		i.missing = append(i.missing, one.missing...)
		for _, found := range one.all {
			if found.Err != nil || found.Warn {
				i.all = append(i.all, found)
			}
		}
		if len(one.all) > 0 && one.all[len(one.all)-1].Err != nil {
			return // The others would say the same.
		}
	}
	last := len(route) - 1
	i.pass(fmt.Sprintf("consumers %s … %s", route[0].cfg.Consumer, route[last].cfg.Consumer))
	i.permissions()
}
