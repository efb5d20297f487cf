package source

import (
	"math"
	"strings"
	"testing"
	"testing/quick"
	"time"
)

func usual(rate float64) Circumstances {
	return Circumstances{Rate: rate, Connections: 64, Timeout: 5 * time.Second, QueueMessages: 16384, QueueBytes: 64 << 20}
}

func TestDerivedSettings(t *testing.T) {
	f := func(c Circumstances, want Settings) {
		t.Helper()
		want.MaxWaiting, want.PullExpiry, want.Heartbeat = maxWaiting, pullExpiry, heartbeat
		if got, err := Derive(c); err != nil || got != want {
			t.Errorf("Derive(%+v) = %+v, %v, want %+v", c, got, err, want)
		}
	}
	f(usual(10), Settings{AckWait: time.Minute, MaxAckPending: 1000, Prefetch: 20, PrefetchBytes: 32 << 20, Held: 179})
	f(usual(math.Inf(1)), Settings{AckWait: time.Minute, MaxAckPending: 67536, Prefetch: 500, PrefetchBytes: 32 << 20, Held: 16384})
	f(usual(0.2), Settings{AckWait: 70 * time.Second, MaxAckPending: 1000, Prefetch: 2, PrefetchBytes: 32 << 20, Held: 2})
	slow := usual(10)
	slow.Timeout = time.Minute
	f(slow, Settings{AckWait: 8 * time.Minute, MaxAckPending: 4796, Prefetch: 20, PrefetchBytes: 32 << 20, Held: 1179})
	existing := usual(1000)
	existing.AckWait, existing.MaxAckPending = 30*time.Second, 1000
	f(existing, Settings{AckWait: 30 * time.Second, MaxAckPending: 1000, Prefetch: 500, PrefetchBytes: 32 << 20, Held: 500})
}

func TestImpossibleConsumerNamesTheInequality(t *testing.T) {
	f := func(c Circumstances, want string) {
		t.Helper()
		if _, err := Derive(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Derive = %v, want %q in it", err, want)
		}
	}
	short := usual(10)
	short.AckWait = 5 * time.Second
	f(short, "inequality I1: with ack_wait 5s, a publish timeout of 5s and 10 messages/s")
	one := usual(10)
	one.AckWait, one.MaxAckPending = time.Minute, 1
	f(one, "inequality I2: max_ack_pending 1")
}

// Whatever the circumstances, derived settings obey the inequalities.
func TestDerivedSettingsObeyTheInequalities(t *testing.T) {
	obey := func(rate uint32, connections uint16, seconds uint8, queue uint16) bool {
		c := Circumstances{
			Rate: float64(rate%1_000_000)/10 + 0.1, Connections: int(connections%1000) + 1,
			Timeout: time.Duration(seconds%60+1) * time.Second, QueueMessages: int(queue) + 1, QueueBytes: 1 << 20,
		}
		s, err := Derive(c)
		if err != nil {
			t.Logf("%+v: %v", c, err)
			return false
		}
		waits := float64(s.Prefetch+s.Held)/c.Rate + attemptsInTime*c.Timeout.Seconds()
		i1 := waits < s.AckWait.Seconds()/2
		i2 := replicas*(s.Prefetch+s.Held) <= s.MaxAckPending
		i3 := s.PrefetchBytes <= maxPrefetchSize
		if !i1 || !i2 || !i3 || s.Prefetch < 1 || s.Held < 1 {
			t.Logf("%+v gives %+v: waits %.1fs", c, s, waits)
			return false
		}
		return true
	}
	if err := quick.Check(obey, &quick.Config{MaxCount: 20_000}); err != nil {
		t.Error(err)
	}
}
