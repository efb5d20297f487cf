package chaos

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// One message in a hundred can never be published, in one of three ways. Each is in the dead-letter stream once, each
// other one published once.
func TestPoisonIsDeadLetteredOnceAndTheRestPublishedOnce(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	dead := n.stream("DEAD", "dead.>")
	e := startEndpoint(t, func(p publish) int {
		switch {
		case strings.HasPrefix(p.payload, "bad"):
			return 400
		case strings.HasSuffix(p.topic, "unknown"):
			return 404
		}
		return 204
	})
	d := startDaemon(t, settings{nats: n.Address, endpoint: e.url, route: ", dead_letter: {subject: dead.s}"}.write(t))
	messages := pick(1500, 6000, 60_000)
	for i := range messages {
		subject, payload := fmt.Sprintf("s.%d", i%20), strconv.Itoa(i)
		switch i % 300 {
		case 50:
			payload = "bad " + payload
		case 150:
			subject = fmt.Sprintf("s.%d.unknown", i)
		case 250:
			payload += strings.Repeat("x", 4096)
		}
		n.send(subject, []byte(payload))
	}
	n.stored()
	poison := messages / 100
	e.await(messages-poison, 5*patience)
	n.awaitSettled()
	d.mustStop()
	reasons := letters(t, dead)
	_, duplicates := e.sums()
	t.Logf("%d published, %d duplicates, dead letters %v", e.messages(), duplicates, reasons)
	if duplicates != 0 || reasons["bad_request"] != poison/3 || reasons["not_found"] != poison/3 ||
		reasons["too_large"] != poison/3 {
		t.Errorf("%d duplicates, dead letters %v, want %d of each reason", duplicates, reasons, poison/3)
	}
}

// letters counts the dead letters by reason, and checks that none is there twice.
func letters(t *testing.T, dead jetstream.Stream) map[string]int {
	t.Helper()
	consumer, err := dead.OrderedConsumer(context.WithoutCancel(t.Context()), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := dead.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reasons, seen := map[string]int{}, map[string]bool{}
	for range info.State.Msgs {
		m, err := consumer.Next(jetstream.FetchMaxWait(patience))
		if err != nil {
			t.Fatal(err)
		}
		sequence := m.Headers().Get("Momento-Bridge-Sequence")
		if seen[sequence] {
			t.Errorf("message %s is dead-lettered twice", sequence)
		}
		seen[sequence] = true
		reasons[m.Headers().Get("Momento-Bridge-Reason")]++
	}
	return reasons
}
