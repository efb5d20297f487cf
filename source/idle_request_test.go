package source

import (
	"testing"
	"time"
)

// In a cluster idle routes ask for heartbeats, and the server refuses a request that is open for less than two.
func TestIdleRequestsAreOpenForTwoHeartbeats(t *testing.T) {
	t.Parallel()
	for _, expiry := range []time.Duration{
		400 * time.Millisecond, 800 * time.Millisecond, 2 * time.Second, 15 * time.Second,
	} {
		s := Settings{PullExpiry: expiry, idleHeartbeat: min(idleHeartbeat, expiry/2)}
		for at := time.Duration(0); at < time.Second; at += 7 * time.Millisecond {
			if expires, heartbeat := s.idleRequest(time.Unix(1, int64(at))); heartbeat <= 0 || 2*heartbeat > expires {
				t.Errorf("%v after the second, of %v: open for %v, heartbeats after %v", at, expiry, expires, heartbeat)
			}
		}
	}
}

// A route without order, too, has numbers to compare with once its barrier was up, as after a reconnect.
func TestANewConsumersNumbersDoNotGoBack(t *testing.T) {
	t.Parallel()
	var b barrier
	b.inform(220, 220, 0, 0)
	if !b.goesBack(1) {
		t.Error("a number that another delivery has had is not noticed")
	}
	b.anew()
	if b.goesBack(1) {
		t.Error("the first delivery of the new consumer is taken for one of another")
	}
}
