package config

import "time"

// Default returns the configuration that an empty file means.
func Default() Config {
	return Config{
		NATS:    NATS{URL: "nats://127.0.0.1:4222", InboxPrefix: "_INBOX"},
		Momento: defaultMomento(),
		Limits: Limits{
			Rate: Rate{Auto: true}, Unit: UnitPublishes, Caches: map[string]CacheLimit{},
			Shared: true, Group: "momento-bridge",
		},
		Coordination:    Coordination{Bucket: "momento-bridge", Lease: Duration(5 * time.Second)},
		Queue:           Queue{MaxMessages: 16384, MaxBytes: 64 << 20},
		Canary:          Canary{Topic: "momento-bridge-canary"},
		Admin:           Admin{Listen: "127.0.0.1:9464", Control: ControlLoopback},
		ShutdownTimeout: Duration(20 * time.Second),
		Log:             Log{Level: "info", Format: "auto"},
	}
}

func defaultMomento() Momento {
	return Momento{
		APIKeyURLMethod: MethodGet,
		Auth:            AuthHeader,
		Connections:     64,
		InFlight:        1,
		Timeout:         Duration(5 * time.Second),
	}
}

// DefaultRoute returns the values of a route's keys that are not given. Queue and Consumer depend on others and
// follow in complete.
func DefaultRoute() Route {
	return Route{
		CreateConsumer: true,
		Deliver:        DeliverAll,
		Partitions:     1,
		Topic:          "{{subject}}",
		ContentType:    "application/octet-stream",
		Ordering:       OrderingTopic,
		Delivery:       "at-least-once",
		Batch:          Batch{Format: FormatNone, MaxBytes: 4096},
		Envelope:       EnvelopeNone,
		Empty:          EmptyPublish,
		GiveUpAfter:    Duration(10 * time.Minute),
		MaxPayload:     4096,
		Overload:       OverloadBlock,
		Weight:         1,
		Rate:           Rate{Unlimited: true},
	}
}

// complete fills the defaults that follow from other keys.
func (r *Route) complete() {
	if r.Stream == "" && r.Queue == "" {
		r.Queue = "momento-bridge"
	}
	if r.Stream != "" && r.Consumer == "" {
		r.Consumer = "momento-bridge-" + r.Name
	}
	if r.Partitions > 1 && r.PartitionStream == "" {
		r.PartitionStream = "momento-bridge-" + r.Name
	}
}
