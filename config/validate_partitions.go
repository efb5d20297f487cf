package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Partitioned reports whether the route's topics are shared out among partitions.
func (r *Route) Partitioned() bool { return r.Partitions > 1 }

// checkPartitions checks how a route is shared out.
func (f *File) checkPartitions(path string, r *Route) {
	at := func(key string) string { return path + "." + key }
	if f.broken[at("partitions")] {
		return
	}
	if !r.Partitioned() {
		if f.Has(at("partition_stream")) && r.PartitionStream != "" {
			f.Problemf(at("partition_stream"), "%s needs %s of 2 or more", at("partition_stream"), at("partitions"))
		}
		return
	}
	switch {
	case r.Stream == "" && !f.broken[at("stream")]:
		f.fail(at("partitions"), "%s needs a stream: core NATS gives replicas no order to share out", at("partitions"))
	case r.Ordering != OrderingTopic && !f.broken[at("ordering")]:
		f.fail(at("partitions"), "%s needs ordering topic: without order replicas share one consumer as it is",
			at("partitions"))
	case f.Has(at("consumer")):
		f.Problemf(at("consumer"), "%s does not go with partitions, which have the consumers p0, p1, ... of %s",
			at("consumer"), at("partition_stream"))
	}
	if strings.ContainsAny(r.PartitionStream, ".*>/\\") || strings.ContainsFunc(r.PartitionStream, unicode.IsSpace) {
		f.fail(at("partition_stream"), "%s %q: a name has no dots, wildcards, slashes or spaces",
			at("partition_stream"), r.PartitionStream)
	}
}

// checkPartitionStreams notes a partition stream that is somebody else's, too, and partitions that are too many.
func (f *File) checkPartitionStreams() {
	seen, all := map[string]int{}, 0
	for i := range f.Routes {
		r := &f.Routes[i]
		if all += r.Partitions; r.Partitioned() && all > maxRoutes {
			f.Problemf(fmt.Sprintf("routes[%d].partitions", i), "all routes have more than %d partitions "+
				"together: use "+
				"fewer, as one carries thousands of messages per second", maxRoutes)
			return
		}
		path := fmt.Sprintf("routes[%d].partition_stream", i)
		if !r.Partitioned() || r.PartitionStream == "" || f.broken[path] {
			continue
		}
		f.unique(seen, r.PartitionStream, i, path, fmt.Sprintf("two routes have the partition stream %q: each needs "+
			"its own", r.PartitionStream))
		consumer := slices.IndexFunc(f.Routes, func(other Route) bool { return other.Stream == r.PartitionStream })
		if consumer >= 0 {
			f.Problemf(path,
				"%s %q is the stream that routes[%d] consumes: name one that nobody else uses, as what is "+
					"published leaves it", path, r.PartitionStream, consumer)
		}
	}
}
