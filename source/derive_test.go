package source

import (
	"cmp"
	"math"
	"strings"
	"testing"
	"testing/quick"
	"time"
)

func usual(rate float64) Circumstances {
	return Circumstances{Rate: rate, Connections: 64, Timeout: 5 * time.Second, QueueMessages: 16384}
}

func TestDerivedSettings(t *testing.T) {
	t.Parallel()
	f := func(c Circumstances, want Settings) {
		t.Helper()
		want.MaxWaiting = maxWaiting
		want.LeastHeld = min(want.Held, 2*c.Connections)
		want.PullExpiry = cmp.Or(want.PullExpiry, min(pullExpiry, want.AckWait/4))
		want.Heartbeat = cmp.Or(want.Heartbeat, min(heartbeat, want.PullExpiry/2))
		got, err := Derive(c)
		want.together, want.first = got.together, firstHeld
		if err != nil || got != want {
			t.Errorf("Derive(%+v) = %+v, %v, want %+v", c, got, err, want)
		}
	}
	f(usual(10), Settings{AckWait: time.Minute, MaxAckPending: 5000, Held: 199})
	f(usual(math.Inf(1)), Settings{AckWait: time.Minute, MaxAckPending: 65536, Held: 16384})
	f(usual(0.2), Settings{
		AckWait: 70 * time.Second, MaxAckPending: 5000, Held: 4,
		PullExpiry: 17500 * time.Millisecond,
	})
	slow := usual(10)
	slow.Timeout = time.Minute
	f(slow, Settings{AckWait: 8 * time.Minute, MaxAckPending: 5000, Held: 1199})
	existing := usual(1000)
	existing.AckWait, existing.MaxAckPending = 30*time.Second, 1000
	f(existing, Settings{AckWait: 30 * time.Second, MaxAckPending: 1000, Held: 1000})
	short := usual(100)
	short.AckWait, short.Timeout = 4*time.Second, 500*time.Millisecond
	f(short, Settings{
		AckWait: 4 * time.Second, MaxAckPending: 5000, Held: 99, PullExpiry: time.Second,
		Heartbeat: 500 * time.Millisecond,
	})
}

func TestImpossibleConsumerNamesTheInequality(t *testing.T) {
	t.Parallel()
	f := func(c Circumstances, want string) {
		t.Helper()
		if _, err := Derive(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Derive = %v, want %q in it", err, want)
		}
	}
	short := usual(10)
	short.AckWait = 5 * time.Second
	f(short, "inequality I1: with ack_wait 5s, a publish timeout of 5s and 10 messages/s")
}

func TestReplicasHoldTheirPartOfWhatTheConsumerAllows(t *testing.T) {
	t.Parallel()
	small := usual(math.Inf(1))
	small.AckWait, small.MaxAckPending = time.Minute, 100
	little := usual(math.Inf(1))
	little.QueueMessages = 1000
	for name, tt := range map[string]struct {
		c                  Circumstances
		replicas           int
		held, least, first int
	}{
		"alone":                       {usual(math.Inf(1)), 1, 16384, 128, 1024},
		"nobody is known":             {usual(math.Inf(1)), 0, 16384, 128, 1024},
		"memory is each one's own":    {little, 8, 1000, 128, 128},
		"the rate is shared":          {usual(10), 4, 49, 49, 256},
		"so is what may be delivered": {small, 4, 25, 25, 256},
		"more of them than messages":  {small, 200, 1, 1, 5},
	} {
		s, err := Derive(tt.c)
		if err != nil {
			t.Fatal(err)
		}
		if part := s.among(tt.replicas); part.Held != tt.held || part.LeastHeld != tt.least || part.first != tt.first {
			t.Errorf("%s: %+v, want %d held, %d at the least, %d at first", name, part, tt.held, tt.least, tt.first)
		}
	}
}

// Whatever the circumstances, derived settings obey the inequalities.
func TestDerivedSettingsObeyTheInequalities(t *testing.T) {
	t.Parallel()
	obey := func(rate uint32, connections uint16, seconds uint8, queue uint16) bool {
		c := Circumstances{
			Rate: float64(rate%1_000_000)/10 + 0.1, Connections: int(connections%1000) + 1,
			Timeout: time.Duration(seconds%60+1) * time.Second, QueueMessages: int(queue) + 1,
		}
		s, err := Derive(c)
		if err != nil {
			t.Logf("%+v: %v", c, err)
			return false
		}
		waits := float64(s.Held)/c.Rate + attemptsInTime*c.Timeout.Seconds()
		i1 := waits < s.AckWait.Seconds()/2
		i2 := replicas*s.Held <= s.MaxAckPending
		endsInTime := s.PullExpiry <= s.AckWait/2 && 2*s.Heartbeat <= s.PullExpiry
		if !i1 || !i2 || !endsInTime || s.Held < 1 {
			t.Logf("%+v gives %+v: waits %.1fs", c, s, waits)
			return false
		}
		return true
	}
	if err := quick.Check(obey, &quick.Config{MaxCount: 20_000}); err != nil {
		t.Error(err)
	}
}
