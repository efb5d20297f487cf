package source

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// The last deliveries may be lost without a gap to tell, and others may merely be on their way.
func TestDeliveriesThatDoNotComeAreMissed(t *testing.T) {
	t.Parallel()
	const come = 4 // So many deliveries have come.
	for name, tt := range map[string]struct {
		delivered uint64 // As the server says, at one look and the next.
		between   int    // So many come between the looks.
		shared    bool
		want      bool
	}{
		"all have come":                     {4, 0, false, false},
		"one is missing":                    {5, 0, false, true},
		"others come meanwhile":             {6, 1, false, false},
		"other replicas have their own":     {9, 0, true, false},
		"what is missing comes in between":  {5, 1, false, false},
		"the server's numbers are from ago": {3, 0, false, false},
	} {
		j := &JetStream{cfg: JetStreamConfig{Ordered: true}}
		j.barrier.raised = make(chan struct{}, 1)
		j.barrier.inform(come, 1, 0, 0)
		j.barrier.shared.Store(tt.shared)
		w := watch{j: j}
		info := &jetstream.ConsumerInfo{Delivered: jetstream.SequenceInfo{Consumer: tt.delivered}}
		w.countDeliveries(info)
		if j.barrier.up.Load() {
			t.Errorf("%s: missed at the first look, when it may be on its way", name)
		}
		for i := range tt.between {
			j.barrier.holds(uint64(come+1+i), uint64(come+1+i), false)
		}
		if w.countDeliveries(info); j.barrier.up.Load() != tt.want {
			t.Errorf("%s: missed %v, want %v", name, j.barrier.up.Load(), tt.want)
		}
	}
}
