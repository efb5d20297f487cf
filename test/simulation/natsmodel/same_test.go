package natsmodel

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"momento-bridge/test/long"
)

func TestTheRealServerAnswersTheSame(t *testing.T) {
	t.Parallel()
	p := newPair(t, newRealSide(t), "")
	p.connect("a")
	ask := func(subject, body string) { p.ask("a", subject, "", body) }
	ask("$JS.API.INFO", "")
	ask("$JS.API.STREAM.INFO.S", "")
	ask("$JS.API.CONSUMER.MSG.NEXT.S.D", "")
	ask("nobody", "")
	ask("$JS.API.STREAM.CREATE.S", `{"name":"S","subjects":["s.>"]}`)
	ask("$JS.API.STREAM.CREATE.S", `{"name":"S","subjects":["s.>"]}`)
	ask("$JS.API.STREAM.CREATE.S", `{"name":"S","subjects":["s.>"],"max_msgs":7}`)
	ask("$JS.API.STREAM.CREATE.T", `{"name":"T","subjects":["s.a"]}`)
	ask("$JS.API.STREAM.CREATE.U", `{"name":"U","subjects":["u"],"num_replicas":3}`)
	ask("$JS.API.STREAM.INFO.S", "")
	ask("$JS.API.CONSUMER.MSG.NEXT.S.D", "")
	ask("$JS.API.CONSUMER.INFO.S.D", "")
	ask("$JS.API.CONSUMER.INFO.T.D", "")
	const consumer = `{"stream_name":"S","action":"%[2]s",` +
		`"config":{"durable_name":"D","name":"D","ack_policy":"explicit"%[1]s}}`
	ask("$JS.API.CONSUMER.CREATE.S.D", fmt.Sprintf(consumer, "", "update"))
	ask("$JS.API.CONSUMER.CREATE.S.D", fmt.Sprintf(consumer, "", "create"))
	ask("$JS.API.CONSUMER.CREATE.S.D", fmt.Sprintf(consumer, "", "create"))
	ask("$JS.API.CONSUMER.CREATE.S.D", fmt.Sprintf(consumer, `,"max_ack_pending":5`, "create"))
	ask("$JS.API.CONSUMER.CREATE.S.D", fmt.Sprintf(consumer, `,"max_ack_pending":5`, ""))
	ask("$JS.API.CONSUMER.CREATE.S.D", fmt.Sprintf(consumer, `,"deliver_policy":"new"`, "update"))
	ask("$JS.API.CONSUMER.CREATE.S.E", fmt.Sprintf(consumer, "", ""))
	ask("$JS.API.CONSUMER.CREATE.S.D.s.a", fmt.Sprintf(consumer, "", ""))
	for range 5 {
		ask("s.a", "hello")
	}
	p.ask("a", "s.b", "Nats-Msg-Id: x\r\n", "hello")
	p.ask("a", "s.b", "Nats-Msg-Id: x\r\n", "hello")
	ask("$JS.API.CONSUMER.MSG.NEXT.S.D", `{"batch":3,"no_wait":true}`)
	p.acknowledge("a", "S.D 2 2", "+ACK")
	p.acknowledge("a", "S.D 1 1", "-NAK")
	p.acknowledge("a", "S.D 3 3", "+WPI")
	ask("$JS.API.CONSUMER.MSG.NEXT.S.D", `{"batch":3,"expires":3600000000000}`)
	p.tell("a", "$JS.API.CONSUMER.MSG.NEXT.S.D", "", `{"batch":2,"expires":20000000}`)
	p.pass(60 * time.Millisecond)
	p.ask("a", "s.c", "", "more")
	ask("$JS.API.CONSUMER.INFO.S.D", "")
	inbox := p.tell("a", "$JS.API.CONSUMER.MSG.NEXT.S.D", "",
		`{"batch":9,"expires":36000000000000,"idle_heartbeat":20000000}`)
	p.beats("a", inbox)
	ask("$JS.API.CONSUMER.DELETE.S.D", "")
	ask("$JS.API.STREAM.DELETE.S", "")
	p.report()
}

var firstWait = 250 * time.Millisecond

// seen is how often a schedule must show a difference in a row: what the real server does by itself, such as moving an
// acknowledgement floor behind a purge, comes sooner or later.
const seen = 3

// sameFor runs the schedule of a seed on both sides. A machine that is too slow for the time that acknowledgements have
// is given more of it.
func sameFor(t *testing.T, r *realSide, seed uint64, steps int) {
	t.Helper()
	wait := time.Hour // In most schedules no time goes by.
	if seed%8 == 0 {
		wait = firstWait
	}
	for run, differed := 0, 0; ; run++ {
		stream := fmt.Sprintf("S%d_%d_%d", seed, run, wait.Milliseconds())
		p := newPair(t, r, stream)
		s := newSchedule(p, seed, stream, wait, 0)
		for range steps {
			s.step()
			if s.slow || len(p.differs) > 0 {
				break
			}
		}
		p.close()
		switch {
		case s.slow && wait <= 10*time.Second:
			t.Logf("seed %d: too slow for %v", seed, wait)
			wait *= 4
			continue
		case len(p.differs) > 0:
			if differed++; differed < seen {
				continue
			}
		}
		p.report()
		return
	}
}

func TestSchedulesAreTheSameOnTheRealServer(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("the race detector slows the real server down, and nothing here is shared by goroutines but its client")
	}
	r := newRealSide(t)
	first, n := uint64(1), long.Or(4, 24) // Those that are divided by 8 take time.
	if text := os.Getenv("NATSMODEL_SEEDS"); text != "" {
		_, _ = fmt.Sscanf(text, "%d+%d", &first, &n)
	}
	seeds := make(chan uint64, n)
	for seed := first; seed < first+uint64(n); seed++ {
		seeds <- seed
	}
	close(seeds)
	var running sync.WaitGroup
	for range 8 { // They mostly wait.
		running.Go(func() {
			for seed := range seeds {
				sameFor(t, r, seed, 40)
			}
		})
	}
	running.Wait()
}
