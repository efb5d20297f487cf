package source

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// After a reconnect deliveries may come before the watch has looked why the barrier is up. An acknowledgement that the
// server has lost makes it deliver again what was published.
func TestWhatHasEndedIsKnownAsSoonAsTheBarrierIsUp(t *testing.T) {
	t.Parallel()
	src := newJetStream(t, startNATS(t))
	route := anyRoute()
	now := time.Now()
	first := &nats.Msg{Subject: "a.b", Reply: "$JS.ACK.S.momento-bridge-r.1.7.7.1700000000000000000.0"}
	again := &nats.Msg{Subject: "a.b", Reply: "$JS.ACK.S.momento-bridge-r.2.7.9.1700000000000000000.0"}
	reply, last := src.held.remove(src.note(first, 7, now, route), true)
	if err := src.acks.done(reply, last); err != nil {
		t.Fatal(err)
	}
	src.barrier.raise("the connection was lost")
	if d := src.note(again, 7, now, route); d != nil {
		t.Error("what was published is held for another publish")
	}
	unknown := &nats.Msg{Reply: "$JS.ACK.S.momento-bridge-r.2.8.10.1700000000000000000.0"}
	if d := src.note(unknown, 8, now, route); d == nil {
		t.Error("what was not published is taken for published")
	}
}

// An acknowledgement may be lost twice, and then it takes AckWait twice until its message has come for the last time.
func TestWhatHasEndedIsRememberedForAsLongAsItMayCome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ ackWait, want time.Duration }{
		{10 * time.Second, 30 * time.Second}, {time.Minute, 65 * time.Second}, {time.Hour, 2 * time.Minute},
	} {
		j := &JetStream{}
		w := &watch{j: j, p: &puller{limits: Settings{AckWait: tt.ackWait}}}
		j.held.add(&nats.Msg{Reply: "r"}, 7, time.Time{})
		j.held.know([]string{"$JS.ACK.S.C.1.6.6.1700000000000000000.0"})
		opened := time.Now()
		w.forgetAt = opened.Add(w.remembers())
		comes := opened.Add(w.remembers() - time.Second)
		if _, ended := j.held.add(&nats.Msg{Reply: "again"}, 6, comes); !ended {
			t.Fatal("what has ended is not known")
		}
		w.forgetEnded(comes)
		if w.forgetEnded(comes.Add(tt.want - time.Second)); !j.held.knows() {
			t.Errorf("with an AckWait of %v it is forgotten before %v", tt.ackWait, tt.want)
		}
		if w.forgetEnded(comes.Add(tt.want + time.Second)); j.held.knows() {
			t.Errorf("with an AckWait of %v it is remembered for longer than %v", tt.ackWait, tt.want)
		}
	}
}
