package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"momento-bridge/batch"
	"momento-bridge/pipeline"
)

// anyPacking makes a route one that packs.
func anyPacking(rng *rand.Rand, r *pipeline.RouteConfig) {
	r.Batch = pipeline.BatchConfig{
		Packing:     &batch.Packing{Subject: rng.IntN(2) == 0, Time: rng.IntN(2) == 0},
		MaxMessages: rng.IntN(5), MaxBytes: 60 + rng.IntN(500),
		Linger: time.Duration(rng.IntN(2)*rng.IntN(3000)) * time.Millisecond,
	}
}

// unpack returns the numbers in a packed publish, and whether it is a batch with poison in it. What the publish says of
// the messages before must be true. The caller holds mu.
func (l *life) unpack(r *pipeline.Request) (numbers []int, poison bool) {
	p, err := batch.Unpack(r.Payload, 0)
	if err != nil {
		panic(err)
	}
	before := 0
	if p.Marked {
		before = int(p.Marker.Previous)
	}
	for _, m := range p.Messages {
		var topic string
		var n int
		fmt.Sscanf(string(m.Payload), "%s %d", &topic, &n)
		if topic != r.Topic || m.Subject != "" && m.Subject != topic {
			panic("a payload was published to another message's topic")
		}
		poison = poison || n%17 == 0 && len(p.Messages) > 1
		if p.Marked {
			l.checkChain(topic, before, n, int(m.Sequence))
			before = int(m.Sequence)
		}
		numbers = append(numbers, n)
	}
	return numbers, poison
}

// checkChain panics unless the message with the sequence before is the one that came before n; 0: nothing is said.
func (l *life) checkChain(topic string, before, n, sequence int) {
	if sequence != n+1 {
		panic("a message has another one's sequence")
	}
	i := slices.Index(l.came[topic], n)
	if before > 0 && (i == 0 || l.came[topic][i-1]+1 != before) {
		panic(fmt.Sprintf("%s: %d is said to come after the sequence %d: %v", topic, n, before, l.came[topic]))
	}
}
