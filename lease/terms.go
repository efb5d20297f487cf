package lease

import "time"

// Instant is what a clock that never goes back shows: the time since some moment in the life of this process.
type Instant = time.Duration

// Terms are the times of the protocol.
type Terms struct {
	Wait     time.Duration // A key must have been seen unchanged for so long before somebody else takes it: the lease.
	Stop     time.Duration // A holder stops so long after it has sent the last renewal that was answered.
	Every    time.Duration // A holder renews so often.
	Patience time.Duration // An answer is waited for so long; then it is asked again.
	Pause    time.Duration // The least time between a write that has failed and the next.
}

// TermsOf returns the times that follow from a lease.
func TermsOf(lease time.Duration) Terms {
	return Terms{Wait: lease, Stop: lease / 5 * 4, Every: lease / 5, Patience: lease / 5, Pause: lease / 20}
}

// Record is the value of a key.
type Record struct {
	Holder string `json:"holder"` // The member's name; empty: it was given back.
	Life   string `json:"life"`   // Random for each process: one that has started again is somebody else.
	Epoch  uint64 `json:"epoch"`  // How often it was taken.
	// Of a member's slot only:
	Wish int    `json:"wish,omitempty"` // How many leases it would take.
	Keys string `json:"keys,omitempty"` // A hash of the leases that it knows.
}

// released reports whether somebody has given it back, so that it is free at once.
func (r *Record) released() bool { return r.Holder == "" && r.Epoch > 0 }

// Write is what is to be stored under a key, unless that has another revision by then.
type Write struct {
	Key      string
	Record   Record
	Revision uint64 // 0: the key must not exist.
	Sent     Instant
	number   uint64 // Among those of its key.
}
