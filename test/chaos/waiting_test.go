package chaos

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/time/rate"
)

// What waits is never delivered again, however slowly it goes: by the configured rate, or because the endpoint refuses
// most of what is tried and the daemon learns its quota.
func TestWaitingForQuotaRedeliversNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limits string
		quota  float64
	}{
		"a configured rate": {"limits: {rate: 10}", 1000},
		"a learned rate":    {"limits: {rate: auto}", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNATS(t)
			consumer := n.consumer(n.stream("S", "s.>"), pick(10*time.Second, 30*time.Second, 30*time.Second))
			n.publish(0, pick(2000, 10_000, 10_000))
			quota := rate.NewLimiter(rate.Limit(tt.quota), 2)
			e := startEndpoint(t, func(publish) int {
				if !quota.Allow() {
					return 429
				}
				return 204
			})
			d := startDaemon(t, settings{
				nats: n.Address, endpoint: e.url, momento: "  timeout: 2s",
				more: tt.limits,
			}.write(t))
			time.Sleep(pick(15*time.Second, 50*time.Second, 5*time.Minute))
			messages, duplicates := e.sums()
			redelivered := d.redelivered()
			t.Logf("%d published, %d refused, %d redelivered", messages, e.status(429), redelivered)
			if redelivered != 0 || duplicates != 0 || messages < 10 {
				t.Errorf("%d published, %d duplicates, %d redelivered, want none", messages, duplicates, redelivered)
			}
			d.mustStop()
			mustBeHandedBack(t, consumer)
		})
	}
}

// mustBeHandedBack checks that what a stopped daemon had not settled is delivered to the next one at once, rather than
// after AckWait.
func mustBeHandedBack(t *testing.T, consumer jetstream.Consumer) {
	t.Helper()
	info, err := consumer.Info(t.Context())
	if err != nil || info.NumAckPending == 0 {
		t.Logf("nothing is pending: %v", err)
		return
	}
	batch, err := consumer.Fetch(info.NumAckPending, jetstream.FetchMaxWait(info.Config.AckWait/2))
	if err != nil {
		t.Fatal(err)
	}
	again := 0
	for m := range batch.Messages() {
		if meta, err := m.Metadata(); err == nil && meta.NumDelivered > 1 {
			again++
		}
	}
	if again < info.NumAckPending {
		t.Errorf("of %d unsettled messages %d were delivered again at once", info.NumAckPending, again)
	}
}

func TestLargeMessagesAndSlowAnswersAreDeliveredOnce(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	messages := pick(40, 100, 100)
	body := strings.Repeat("x", 512<<10)
	for i := range messages {
		if _, err := n.js.Publish(t.Context(), "s.large", fmt.Appendf(nil, "%d %s", i, body)); err != nil {
			t.Fatal(err)
		}
	}
	var paused sync.WaitGroup
	paused.Add(1)
	time.AfterFunc(7*time.Second, paused.Done) // Longer than the heartbeats of the consumer.
	e := startEndpoint(t, func(publish) int {
		paused.Wait()
		return 204
	})
	d := startDaemon(t, settings{
		nats: n.Address, endpoint: e.url, momento: "  timeout: 10s",
		route: ", max_payload: 1MiB",
	}.write(t))
	e.await(messages, 5*patience)
	_, duplicates := e.sums()
	if redelivered := d.redelivered(); redelivered != 0 || duplicates != 0 {
		t.Errorf("%d redelivered, %d duplicates, want none", redelivered, duplicates)
	}
	if peak := d.PeakMemory(); peak > 400<<20 {
		t.Errorf("%d MiB at the peak", peak>>20)
	}
}
