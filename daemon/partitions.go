package daemon

import (
	"fmt"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/source"
	"momento-bridge/source/template"
)

// newPartitions returns how the topics of a route are shared out; nil if they are not.
func newPartitions(f *config.File, i int) *source.Partitions {
	r, path := &f.Routes[i], fmt.Sprintf("routes[%d]", i)
	if !r.Partitioned() || r.Stream == "" || f.Broken(path+".partitions") || f.Broken(path+".partition_stream") {
		return nil
	}
	filters := r.Filters()
	if len(filters) == 0 {
		filters = []string{">"}
	}
	keys, err := template.Keys(filters, r.Topic)
	if err != nil {
		if !f.Broken(path+".subject") && !f.Broken(path+".subjects") {
			f.Problemf(path+".partitions", "%s.partitions: %v", path, err)
		}
		return nil
	}
	p := &source.Partitions{
		Stream: r.PartitionStream, Source: r.Stream, Count: r.Partitions, Filters: filters, Keys: keys,
		Create: r.CreateConsumer, New: r.Deliver == config.DeliverNew,
	}
	p.From, _ = r.Deliver.Time()
	p.Sequence, _ = r.Deliver.Sequence()
	return p
}

// streams are what the route consumes: one, or one for each partition.
func (r *routePlan) streams() []source.JetStreamConfig {
	if r.partitions == nil {
		return []source.JetStreamConfig{*r.jetStream}
	}
	all := make([]source.JetStreamConfig, r.partitions.Count)
	for n := range all {
		all[n] = r.partitions.Config(*r.jetStream, n)
	}
	return all
}

// number is what the pipeline calls the n-th partition, from 0 on: 0 if there are none.
func (r *routePlan) number(n int) int {
	if r.partitions == nil {
		return 0
	}
	return n + 1
}

// partName names the n-th partition for people, or the route if it has none.
func (r *routePlan) partName(n int) string {
	if r.partitions == nil {
		return r.route.Name
	}
	return fmt.Sprintf("%s, partition %d", r.route.Name, n+1)
}

// streamSource is what people see of a source of JetStream.
type streamSource interface {
	natsSource
	Numbers() source.Numbers
	Starved() string
	Missed() uint64
	Renewals() uint64
}

// partitionSources are the sources of one route's partitions, which people see as one.
type partitionSources []*source.JetStream

// Ready reports whether all of them consume, and if not, why one does not.
func (p partitionSources) Ready() (bool, string) {
	waiting, why := 0, ""
	for n, src := range p {
		if ready, reason := src.Ready(); !ready {
			if waiting == 0 {
				why = fmt.Sprintf("partition %d: %s", n+1, reason)
			}
			waiting++
		}
	}
	if waiting > 1 {
		why += fmt.Sprintf(" (and %d more)", waiting-1)
	}
	return waiting == 0, why
}

// Numbers returns what is known of what waits in all that are carried here: it is as old as the oldest of it.
func (p partitionSources) Numbers() source.Numbers {
	var all source.Numbers
	for _, src := range p {
		all.Add(src.Numbers())
	}
	return all
}

// Starved says who holds all that may be delivered of one of them; empty if that is not so.
func (p partitionSources) Starved() string {
	for n, src := range p {
		if text := src.Starved(); text != "" {
			return fmt.Sprintf("partition %d: %s", n+1, text)
		}
	}
	return ""
}

// Missed is how often one of their consumers was silent for longer than its heartbeats allow.
func (p partitionSources) Missed() uint64 {
	return p.sum((*source.JetStream).Missed)
}

// Renewals is how many deliveries have had their time to be acknowledged extended.
func (p partitionSources) Renewals() uint64 {
	return p.sum((*source.JetStream).Renewals)
}

func (p partitionSources) sum(of func(*source.JetStream) uint64) uint64 {
	n := uint64(0)
	for _, src := range p {
		n += of(src)
	}
	return n
}

// inPipeline calls do with each of a route's routes in the pipeline.
func (l *line) inPipeline(do func(*pipeline.Route)) {
	for _, c := range l.carriers {
		do(c.route)
	}
}
