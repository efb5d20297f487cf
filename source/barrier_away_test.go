package source

import "testing"

// The server delivers what was handed back before anything new. If something new comes first, it has lost what it was
// told, and will deliver those messages when AckWait is over.
func TestNewMessageBeforeThoseHandedBackRaisesTheBarrier(t *testing.T) {
	const again, anew = true, false
	for name, tt := range map[string]struct {
		handedBack int
		come       []bool
		shared     bool
		up         bool
	}{
		"nothing was handed back":      {0, []bool{anew, anew}, false, false},
		"all come first":               {2, []bool{again, again, anew}, false, false},
		"one is missing":               {2, []bool{again, anew}, false, true},
		"all are missing":              {2, []bool{anew}, false, true},
		"other replicas may have them": {2, []bool{anew}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := barrier{raised: make(chan struct{}, 1)}
			b.next.Store(1)
			b.shared.Store(tt.shared)
			for range tt.handedBack {
				b.handedBack()
			}
			for i, redelivered := range tt.come {
				if held := b.holds(uint64(i+1), redelivered); held != (tt.up && i == len(tt.come)-1) {
					t.Errorf("delivery %d is held: %v", i, held)
				}
			}
			if b.up.Load() != tt.up {
				t.Errorf("the barrier is up: %v, want %v", b.up.Load(), tt.up)
			}
		})
	}
}
