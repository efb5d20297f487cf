package source

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// asked are the requests to JetStream that the server has had.
type asked struct {
	mu    sync.Mutex
	infos int
	pulls []pullRequest
}

func listenToRequests(t *testing.T, conn *nats.Conn) *asked {
	t.Helper()
	a := &asked{}
	_, err := conn.Subscribe("$JS.API.CONSUMER.>", func(m *nats.Msg) {
		a.mu.Lock()
		defer a.mu.Unlock()
		switch {
		case strings.Contains(m.Subject, ".INFO."):
			a.infos++
		case strings.Contains(m.Subject, ".MSG.NEXT."):
			var pull pullRequest
			if err := json.Unmarshal(m.Data, &pull); err != nil {
				t.Error(err)
			}
			a.pulls = append(a.pulls, pull)
		}
	})
	if err != nil || conn.Flush() != nil {
		t.Fatal(err)
	}
	return a
}

// state returns how often the numbers were asked for, and how many of the last requests in a row had no heartbeats.
func (a *asked) state() (infos, quiet int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.pulls) - 1; i >= 0 && a.pulls[i].Heartbeat == 0; i-- {
		quiet++
	}
	return a.infos, quiet
}

// The consumer's AckWait makes requests end after a second.
func TestIdleRouteIsLeftAloneUntilAMessageComes(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 0)
	if _, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: "momento-bridge-r", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 4 * time.Second,
		FilterSubject: "a.>",
	}); err != nil {
		t.Fatal(err)
	}
	requests := listenToRequests(t, conn)
	src := newJetStream(t, conn)
	src.cfg.Circumstances.Timeout, src.cfg.Ordered = 100*time.Millisecond, false // Order has its own to look at.
	src.lookEvery, src.idleAfter = 10*time.Millisecond, 2*time.Second            // It is looked at before it is idle.
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 100, accepted)
	eventually(t, "idle", func() bool { _, quiet := requests.state(); return quiet >= 1 })
	before, quietly := requests.state()
	eventually(t, "asking again", func() bool { _, quiet := requests.state(); return quiet >= quietly+2 })
	if infos, _ := requests.state(); infos != before {
		t.Errorf("the numbers of an idle consumer are asked for %d times", infos-before)
	}
	if _, err := jetStream(t, conn).Publish(t.Context(), "a.b", []byte("x")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "published", s.published(1))
	s.stop()
}

func TestQuietRequestIsMissedSoonAfterItShouldHaveEnded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tt := range []struct {
		name   string
		age    time.Duration
		open   int
		silent bool
	}{
		{"just made", 0, 1, false},
		{"about to end", 31 * time.Second, 1, false},
		{"lost", 36 * time.Second, 1, true},
		{"ended", 36 * time.Second, 0, false},
	} {
		p := &puller{limits: Settings{PullExpiry: pullExpiry, Heartbeat: heartbeat, AckWait: usualAckWait}}
		p.quiet, p.open, p.pulled = true, tt.open, now.Add(-tt.age)
		w := &watch{p: p, heard: now}
		if got := w.silent(now); got != tt.silent {
			t.Errorf("%s: silent is %v", tt.name, got)
		}
	}
	if pullExpiry+idleGrace > 45*time.Second {
		t.Error("faults are to be noticed within 45 s")
	}
}

func TestIdleRoutesAreWokenTogether(t *testing.T) {
	t.Parallel()
	began := time.Now()
	for _, expiry := range []time.Duration{pullExpiry, 17500 * time.Millisecond, time.Second, 300 * time.Millisecond} {
		s := Settings{PullExpiry: expiry}
		for offset := range 100 {
			now := began.Add(time.Duration(offset) * 10 * time.Millisecond)
			e := s.idleExpiry(now)
			if e > expiry || e < expiry/2 {
				t.Fatalf("a request that may be open for %v is so for %v", expiry, e)
			}
			if end := now.Add(e); end.Nanosecond() != 0 && expiry >= 2*time.Second {
				t.Fatalf("a request of %v ends %v after the second", expiry, end.Nanosecond())
			}
		}
	}
}
