package repeats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// Plan is what is to be done.
type Plan struct {
	Seed     uint64
	Messages int
	Topics   int
	Rate     int // Messages stored in a second.
	Kills    int
	Latency  time.Duration // Of the endpoint.
	Poison   int           // One message of so many is refused.
	Faults   Faults
}

// stage is what a run takes place on.
type stage struct {
	plan   Plan
	rng    *rand.Rand
	wire   *wire
	js     jetstream.JetStream
	daemon *lab.Daemon

	topics map[string][]uint64
	poison map[uint64]bool
	n      uint64 // The number of the latest message.
}

const config = `nats: {url: %q}
momento: {endpoint: %q, connections: 16, timeout: 2s}
limits: {rate: unlimited}
routes:
  - name: s
    stream: S
    subject: "s.*"
    cache: c
    topic: "{{subject}}"
    batch: {format: packed}
    dead_letter: {subject: dead.s}
`

// Run does what the plan says, and tells what has come of it.
func Run(ctx context.Context, l *lab.Lab, plan Plan) (*Result, error) {
	s := &stage{
		plan: plan, rng: rand.New(rand.NewPCG(plan.Seed, 7)), topics: map[string][]uint64{}, poison: map[uint64]bool{},
	}
	server, err := l.StartNATS(ctx)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	conn, js, err := lab.Connect(server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	s.js = js
	for name, subject := range map[string]string{"S": "s.*", "DEAD": "dead.*"} {
		cfg := jetstream.StreamConfig{Name: name, Subjects: []string{subject}, Storage: jetstream.MemoryStorage}
		if _, err := js.CreateStream(ctx, cfg); err != nil {
			return nil, fmt.Errorf("make the stream %s: %w", name, err)
		}
	}
	if s.wire, err = newWire(plan.Seed, plan.Latency, plan.Faults); err != nil {
		return nil, err
	}
	defer s.wire.close()
	file, err := l.Write("repeats.yaml", fmt.Sprintf(config, server.URL, s.wire.url))
	if err != nil {
		return nil, err
	}
	s.daemon = l.NewDaemon("-c", file)
	return s.run(ctx)
}

func (s *stage) run(ctx context.Context) (*Result, error) {
	stored, killed := make(chan error, 1), make(chan struct{})
	go func() { stored <- s.store(ctx, killed) }()
	err := s.kill(ctx)
	close(killed)
	if s.daemon.Process != nil {
		defer s.daemon.Kill()
	}
	if err = errors.Join(err, <-stored); err != nil {
		return nil, err
	}
	if err := s.settled(ctx); err != nil {
		return nil, err
	}
	// What is lost at the end of a topic is known by what comes after it.
	s.wire.mu.Lock()
	s.wire.calm = true
	s.wire.mu.Unlock()
	for i := range s.plan.Topics {
		if err := s.publish(i, false); err != nil {
			return nil, err
		}
	}
	if err := s.settled(ctx); err != nil {
		return nil, err
	}
	letters, err := s.letters(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.daemon.Stop(); err != nil {
		return nil, fmt.Errorf("the daemon's exit: %w\n%s", err, lab.Brief(s.daemon.Output()))
	}
	result := s.wire.tally(s.topics, s.poison)
	result.Kills, result.Topics, result.DeadLetters = s.plan.Kills, s.plan.Topics, letters
	return &result, s.wire.err
}

// store stores messages at the plan's rate, as many as the plan says and until the daemon has been killed often enough.
func (s *stage) store(ctx context.Context, killed <-chan struct{}) error {
	const beat = 10 * time.Millisecond
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	due, enough := 0.0, false
	for !enough && ctx.Err() == nil {
		<-ticks.C
		for due += beat.Seconds() * float64(s.plan.Rate); due >= 1; due-- {
			if err := s.publish(s.rng.IntN(s.plan.Topics), s.rng.IntN(s.plan.Poison) == 0); err != nil {
				return err
			}
		}
		select {
		case <-killed:
			enough = s.n >= uint64(s.plan.Messages)
		default:
		}
	}
	select {
	case <-s.js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publish stores a message of a topic, whose number is its sequence.
func (s *stage) publish(topic int, poison bool) error {
	s.n++
	subject := fmt.Sprintf("s.%d", topic)
	payload, err := json.Marshal(message{s.n, poison, strings.Repeat("order ", 20)})
	if err != nil {
		return err
	}
	s.topics[subject] = append(s.topics[subject], s.n)
	if poison {
		s.poison[s.n] = true
	}
	_, err = s.js.PublishAsync(subject, payload)
	return err
}

// kill starts the daemon again and again, and leaves it running at the end.
func (s *stage) kill(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(s.plan.Seed, 11))
	for range s.plan.Kills {
		before := s.accepted()
		if err := s.daemon.Start(); err != nil {
			return err
		}
		err := lab.Await(ctx, time.Minute, "something is published", func() bool { return s.accepted() > before+20 })
		if err != nil {
			return fmt.Errorf("%w\n%s", err, lab.Brief(s.daemon.Output()))
		}
		time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
		s.daemon.Kill()
	}
	return s.daemon.Start()
}

// accepted is how many publishes were.
func (s *stage) accepted() int {
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	return s.wire.counts.publishes
}

// settled waits until nothing is left to be published.
func (s *stage) settled(ctx context.Context) error {
	err := lab.Await(ctx, 2*time.Minute, "all is published", func() bool {
		consumer, err := s.js.Consumer(ctx, "S", "momento-bridge-s")
		if err != nil {
			return false
		}
		info := consumer.CachedInfo()
		return info.NumPending == 0 && info.NumAckPending == 0 && info.AckFloor.Stream >= s.n
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, lab.Brief(s.daemon.Output()))
	}
	return nil
}

// letters is how many dead letters are kept.
func (s *stage) letters(ctx context.Context) (int, error) {
	stream, err := s.js.Stream(ctx, "DEAD")
	if err != nil {
		return 0, err
	}
	return int(stream.CachedInfo().State.Msgs), nil //nolint:gosec // A few.
}
