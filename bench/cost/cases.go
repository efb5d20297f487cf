package main

import "slices"

// line is a ratio of a subject to the case's first one that is to be reached.
type line struct {
	subject string
	measure measure
	most    float64 // At the most; of rates, at the least.
}

type measure int

const (
	cpu measure = iota
	rate
)

// benchCase is subjects that carry the same load in turns. The first one is the reference.
type benchCase struct {
	name, title string
	load        load
	subjects    []subject
	lines       []line
	others      bool // Programs given by -other take part.
	long        bool // See runLong.
}

var (
	floor     = subject{name: "floor", start: startFloor}
	usual     = subject{name: "daemon", start: daemon{}.start}
	pipelined = subject{name: "pipeline16x4", start: daemon{connections: 4, pipeline: 16}.start}
	byNeed    = subject{name: "auto", start: daemon{pipeline: auto}.start}
)

// Sizes and numbers that most cases share.
const (
	small  = 256
	large  = 64 << 10
	topics = 16
)

// sized is the cases of a size of payload: JetStream and core NATS, and either over TLS.
func sized(name, size string, bytes, messages int) []benchCase {
	var sized []benchCase
	for _, c := range []struct {
		prefix, title string
		load          load
	}{
		{"size-", "JetStream", load{js: true}},
		{"size-core-", "core NATS", load{}},
		{"size-tls-", "JetStream to nginx over TLS", load{js: true, tls: true}},
	} {
		c.load.size, c.load.topics, c.load.messages = bytes, topics, messages
		sized = append(sized, benchCase{
			name: c.prefix + name, title: c.title + ", " + size, load: c.load,
			subjects: []subject{floor, usual, pipelined},
			lines:    []line{{"daemon", cpu, 1.1}, {"pipeline16x4", cpu, 1.1}},
		})
	}
	return sized
}

var cases = slices.Concat([]benchCase{
	{
		name: "js", title: "JetStream, 256 B, 64 connections, ordering none; and 16 in flight on each of 4 connections",
		load: load{js: true, size: small, topics: topics}, others: true,
		subjects: []subject{floor, usual, byNeed, pipelined},
		lines: []line{
			{"daemon", cpu, 0.8},
			{"auto", cpu, 0.55},
			{"daemon", rate, 1},
			{"pipeline16x4", cpu, 0.55},
			{"pipeline16x4", rate, 1.3},
		},
	},
	{
		name: "core", title: "core NATS, the same",
		load: load{size: small, topics: topics}, subjects: []subject{floor, usual, byNeed, pipelined}, others: true,
		lines: []line{{"daemon", cpu, 0.9}, {"daemon", rate, 0.9}, {"auto", cpu, 0.6}},
	},
	{
		name: "rate", title: "core NATS at 5 000 messages/s, where wake-ups outweigh work",
		load: load{size: small, topics: topics, rate: 5000, messages: 50_000}, subjects: []subject{
			floor, usual, byNeed, pipelined,
		}, others: true,
		lines: []line{{"daemon", cpu, 1}, {"auto", cpu, 1}},
	},
	{
		name: "tls-js", title: "JetStream to nginx over TLS",
		load: load{js: true, tls: true, size: small, topics: topics}, subjects: []subject{floor, usual, pipelined},
		lines: []line{{"daemon", cpu, 1.1}},
	},
	{
		name: "tls-core", title: "core NATS to nginx over TLS",
		load: load{tls: true, size: small, topics: topics}, subjects: []subject{floor, usual},
		lines: []line{{"daemon", cpu, 1.1}},
	},
	{
		name: "ordered", title: "JetStream, 1 000 topics: ordering topic against none",
		load: load{js: true, size: small, topics: 1000},
		subjects: []subject{
			usual,
			{name: "ordered", start: daemon{ordering: "topic"}.start},
			{name: "ordered16x4", start: daemon{ordering: "topic", pipeline: 16, connections: 4}.start},
		},
		lines: []line{{"ordered", cpu, 1.15}},
	},
	{
		name: "batch", title: "JetStream, 100 B, one topic: batches of JSON, up to 30 in each, against none",
		load: load{js: true, size: 100, topics: 1},
		subjects: []subject{
			usual,
			{
				name: "batch-json", start: daemon{batch: "json, max_messages: 30", connections: 4}.start, batched: true,
				messages: 1_000_000,
			},
		},
		lines: []line{{"batch-json", cpu, 0.2}},
	},
	{
		name: "observed", title: "JetStream, metrics read each second and info in the log, against neither",
		load: load{js: true, size: small, topics: topics},
		subjects: []subject{
			{name: "unobserved", start: daemon{log: "error"}.start},
			{name: "observed", start: daemon{}.start, scraped: true},
		},
		lines: []line{{"observed", cpu, 1.03}},
	},
	{
		name: "traces", title: "JetStream, a hundredth of the messages traced, and all, against none",
		load: load{js: true, size: small, topics: topics},
		subjects: []subject{
			{name: "untraced", start: daemon{}.start},
			{name: "traced=0", start: daemon{traced: "0"}.start},
			{name: "traced=0.01", start: daemon{traced: "0.01"}.start},
			{name: "traced=1", start: daemon{traced: "1"}.start},
		},
		lines: []line{{"traced=0.01", cpu, 1.02}},
	},
	{
		name: "topics", title: "JetStream, 1, 1 000 and 100 000 topics, ordering topic",
		load: load{js: true, size: small},
		subjects: []subject{
			{name: "topics=1000", start: daemon{ordering: "topic"}.start, topics: 1000},
			{name: "topics=1e5", start: daemon{ordering: "topic"}.start, topics: 100_000},
			{name: "topics=1,none", start: daemon{}.start, topics: 1},
			{name: "topics=1e5,none", start: daemon{}.start, topics: 100_000},
		},
		lines: []line{{"topics=1e5", cpu, 1.1}, {"topics=1,none", cpu, 1.1}, {"topics=1e5,none", cpu, 1.1}},
	},
	{
		name: "queue", title: "JetStream, room for 100, 10 000 and 100 000 messages",
		load: load{js: true, size: small, topics: topics},
		subjects: []subject{
			{name: "queue=1e4", start: daemon{queue: 10_000}.start},
			{name: "queue=1e2", start: daemon{queue: 100}.start},
			{name: "queue=1e5", start: daemon{queue: 100_000}.start},
		},
		lines: []line{{"queue=1e2", cpu, 1.1}, {"queue=1e5", cpu, 1.1}},
	},
	{name: "long", title: "core NATS for ten minutes", load: load{size: small, topics: topics}, long: true},
}, sized("1k", "1 KiB", 1<<10, 0), sized("4k", "4 KiB", 4<<10, 100_000), sized("64k", "64 KiB", 64<<10, 20_000),
	sized("1m", "1 MiB", 1<<20, 1500))
