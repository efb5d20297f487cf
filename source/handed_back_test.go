package source

import "testing"

// The server delivers what was handed back before anything new, and in that order. If it does not, it has lost what it
// was told, or had some to deliver again before, and older ones come later.
func TestWhatComesBeforeThoseHandedBackRaisesTheBarrier(t *testing.T) {
	const anew = 100 // From here on messages have not been delivered before.
	for name, tt := range map[string]struct {
		handedBack, come []uint64
		shared           bool
		up               bool // With the last one that comes.
	}{
		"nothing was handed back":          {nil, []uint64{anew, anew + 1}, false, false},
		"all come first":                   {[]uint64{2, 3}, []uint64{2, 3, anew}, false, false},
		"one topic after the other":        {[]uint64{2, 4, 3}, []uint64{2, 4, 3, anew}, false, false},
		"one is missing":                   {[]uint64{2, 3}, []uint64{2, anew}, false, true},
		"all are missing":                  {[]uint64{2, 3}, []uint64{anew}, false, true},
		"a later one comes first":          {[]uint64{2, 3, 4}, []uint64{3}, false, true},
		"a later one comes in between":     {[]uint64{2, 3, 4}, []uint64{2, 4}, false, true},
		"one that is held comes once more": {[]uint64{2, 3}, []uint64{1, 2, 1, 3, anew}, false, false},
		"one comes twice":                  {[]uint64{2, 3}, []uint64{2, 2, 3, anew}, false, false},
		"other replicas may have them":     {[]uint64{2, 3}, []uint64{3, anew}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := barrier{raised: make(chan struct{}, 1)}
			b.next.Store(1)
			b.shared.Store(tt.shared)
			for _, sequence := range tt.handedBack {
				b.handedBack(sequence)
			}
			for i, sequence := range tt.come {
				want := tt.up && i == len(tt.come)-1
				if held := b.holds(sequence, uint64(i+1), sequence < anew); held != want {
					t.Errorf("delivery %d is held: %v", i, held)
				}
			}
			if b.up.Load() != tt.up {
				t.Errorf("the barrier is up: %v, want %v", b.up.Load(), tt.up)
			}
		})
	}
}
