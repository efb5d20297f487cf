package source

import "testing"

// A route without order has its barrier up after a reconnect. If the consumer is gone then, whoever binds the next one
// must look at the barrier anew: it would stay up for ever otherwise, and nothing would be asked for.
func TestBarrierThatIsUpIsLookedAtByWhoeverBindsNext(t *testing.T) {
	t.Parallel()
	j := &JetStream{}
	j.barrier.raised = make(chan struct{}, 1)
	j.unsettle("the consumer was bound")
	if j.barrier.up.Load() {
		t.Fatal("without order, the barrier is raised for a consumer that was bound")
	}
	j.barrier.raise("the connection was lost")
	_ = j.barrier.reason() // Looked at by somebody who then lost the consumer.
	j.unsettle("the consumer was bound")
	if why := j.barrier.reason(); why != "the consumer was bound" {
		t.Errorf("the barrier is up and nobody looks at it: %q", why)
	}
}
