package source

import (
	"testing"
	"time"

	"momento-bridge/pipeline"
)

func TestStreamsThatAreNotTheSameHaveOtherIncarnations(t *testing.T) {
	t.Parallel()
	created := time.Unix(1795000000, 123)
	own := JetStreamConfig{Stream: "S", Consumer: "c"}
	seen := map[uint32]string{}
	for what, c := range map[string]struct {
		JetStreamConfig
		created time.Time
	}{
		"itself":           {own, created},
		"made anew":        {own, created.Add(1)},
		"another stream":   {JetStreamConfig{Stream: "T", Consumer: "c"}, created},
		"another consumer": {JetStreamConfig{Stream: "S", Consumer: "d"}, created},
		"another domain":   {JetStreamConfig{Stream: "S", Consumer: "c", Domain: "hub"}, created},
		"a partition":      {JetStreamConfig{Stream: "S", Consumer: "p0", Partitions: &Partitions{}}, created},
	} {
		n := c.incarnation(c.created)
		if other, there := seen[n]; there || n == 0 {
			t.Errorf("%s is %08x, as %s", what, n, other)
		}
		seen[n] = what
	}
	one := JetStreamConfig{Stream: "S", Consumer: "p0", Partitions: &Partitions{}}
	other := JetStreamConfig{Stream: "S", Consumer: "p1", Partitions: &Partitions{}}
	if one.incarnation(created) != other.incarnation(created) {
		t.Error("a topic that moves to another partition begins anew")
	}
}

// Of two replicas that publish side by side a reader would drop, as repeats, what is late.
func TestNothingIsMarkedWhileAnotherReplicaSharesTheConsumer(t *testing.T) {
	t.Parallel()
	j := &JetStream{cfg: JetStreamConfig{Marked: true}}
	j.incarnation.Store(7)
	var alone, shared pipeline.Message
	j.mark(&alone, 5)
	j.barrier.shared.Store(true)
	j.mark(&shared, 6)
	if alone.Stream != 7 || alone.Sequence != 5 || shared.Stream != 0 || shared.Sequence != 6 {
		t.Errorf("marked as %d %d alone, %d %d shared", alone.Stream, alone.Sequence, shared.Stream, shared.Sequence)
	}
}

func TestMarkedStreamThatIsMadeAnewHasAnotherIncarnation(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	var got []uint32
	for range 2 {
		newStream(t, conn, 1)
		src := newJetStream(t, conn)
		src.cfg.Marked = true
		if _, _, err := src.bind(t.Context(), anyRoute()); err != nil {
			t.Fatal(err)
		}
		got = append(got, src.incarnation.Load())
		if err := jetStream(t, conn).DeleteStream(t.Context(), "S"); err != nil {
			t.Fatal(err)
		}
	}
	if got[0] == 0 || got[1] == 0 || got[0] == got[1] {
		t.Errorf("the incarnations are %x", got)
	}
}
