package source

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/pipeline"
)

// barrierModel is a consumer on a server, a wire that loses things, and what a source does with a barrier. All
// messages are of one topic.
type barrierModel struct {
	t *testing.T

	stored, delivered uint64          // Of the stream.
	count             uint64          // Of deliveries.
	pending           map[uint64]bool // Unacknowledged.
	again             []uint64        // To be delivered again first.
	wire              []metadata

	barrier  barrier
	held     deliveries
	informed bool
	started  []*delivery // Submitted, and not acknowledged.
	latest   uint64      // The last one submitted.
}

// deliver puts the next delivery on the wire.
func (m *barrierModel) deliver() {
	for len(m.again) > 0 {
		sequence := m.again[0]
		m.again = m.again[1:]
		if m.pending[sequence] {
			m.send(sequence)
			return
		}
	}
	if m.delivered < m.stored {
		m.delivered++
		m.pending[m.delivered] = true
		m.send(m.delivered)
	}
}

func (m *barrierModel) send(sequence uint64) {
	m.count++
	m.wire = append(m.wire, metadata{sequence: sequence, consumer: m.count})
}

// receive does what JetStream.submit does.
func (m *barrierModel) receive() {
	if len(m.wire) == 0 {
		return
	}
	meta := m.wire[0]
	m.wire = m.wire[1:]
	note := func() *delivery {
		d, ended := m.held.add(&nats.Msg{}, meta.sequence, time.Time{})
		if ended {
			delete(m.pending, meta.sequence)
		}
		return d
	}
	if m.barrier.holds(meta.sequence, meta.consumer, meta.deliveries > 1) &&
		m.barrier.wait(meta.sequence, pipeline.Message{}, note) {
		return
	}
	if d := note(); d != nil {
		m.submit(pipeline.Message{Handle: d})
	}
}

func (m *barrierModel) submit(message pipeline.Message) {
	d := message.Handle.(*delivery)
	if d.sequence != m.latest+1 {
		m.t.Fatalf("%d is started after %d", d.sequence, m.latest)
	}
	m.latest = d.sequence
	m.started = append(m.started, d)
}

// acknowledge ends one of what was started.
func (m *barrierModel) acknowledge(which int) {
	if len(m.started) == 0 {
		return
	}
	i := which % len(m.started)
	d := m.started[i]
	m.started = slices.Delete(m.started, i, i+1)
	delete(m.pending, d.sequence)
	m.held.remove(d, true)
}

// settle does what watch.settle does, in one step or two.
func (m *barrierModel) settle() {
	if !m.barrier.up.Load() {
		return
	}
	if m.barrier.reason() != "" {
		m.held.know(nil)
		m.informed = false
	}
	floor := m.delivered
	for sequence := range m.pending {
		floor = min(floor, sequence-1)
	}
	if !m.informed || !m.barrier.complete() {
		m.barrier.inform(m.count, m.delivered, len(m.pending), m.held.within(floor, m.delivered))
		m.informed = true
		if !m.barrier.complete() {
			missing, _ := m.held.unknown(floor+1, m.delivered, 1<<20, nil)
			for _, sequence := range missing {
				if m.pending[sequence] && !slices.Contains(m.again, sequence) {
					m.again = append(m.again, sequence)
				}
			}
			return
		}
	}
	if m.barrier.open(m.submit) {
		m.held.keep()
	}
}

// Whatever is lost on the way, and whenever: every message is started once, in the order of the stream.
func FuzzBarrierKeepsTheOrder(f *testing.F) {
	f.Add([]byte{7, 0, 0, 0, 1, 1, 1, 2, 4, 0, 1, 7, 1, 2, 7, 1, 2})
	f.Add([]byte{7, 0, 0, 0, 0, 1, 1, 1, 1, 5, 2, 2, 2, 7, 7, 1, 2, 7, 7})
	f.Add([]byte{7, 0, 0, 0, 0, 1, 1, 2, 2, 3, 6, 1, 2, 4, 7, 7, 1, 1, 5, 6, 2, 7, 7, 1, 2})
	f.Add([]byte("00000010111117222111+00100100112011701010000011100101210\x7f\x00\x00\x000011"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := &barrierModel{t: t, pending: map[uint64]bool{}, barrier: barrier{raised: make(chan struct{}, 1)}}
		m.barrier.raise("bound")
		for _, op := range ops {
			switch op % 8 {
			case 0:
				m.stored++
			case 1:
				m.deliver()
			case 2:
				m.receive()
			case 3:
				m.acknowledge(int(op / 8))
			case 4: // The connection is lost, with what is on it.
				m.wire = nil
				m.barrier.raise("reconnected")
			case 5: // One delivery is lost.
				if len(m.wire) > 0 {
					i := int(op/8) % len(m.wire)
					m.wire = slices.Delete(m.wire, i, i+1)
				}
			case 6: // AckWait is over for one that is held. It comes before it ends, or it would be published twice.
				if len(m.started) > 0 {
					m.send(m.started[int(op/8)%len(m.started)].sequence)
					for len(m.wire) > 0 {
						m.receive()
					}
				}
			case 7:
				m.settle()
			}
		}
		m.stored++ // So that a delivery that was lost at the end is noticed.
		for range 10 * (int(m.stored) + 10) {
			m.deliver()
			for len(m.wire) > 0 { // However much has come together.
				m.receive()
			}
			m.settle()
			m.acknowledge(0)
		}
		if m.latest != m.stored || len(m.pending) > 0 {
			t.Fatalf("%d of %d started, %d unacknowledged", m.latest, m.stored, len(m.pending))
		}
	})
}
