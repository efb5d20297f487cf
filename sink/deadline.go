package sink

import "time"

// slack is how much later than asked an attempt may time out, as a share of its time. Setting a deadline costs as much
// as handling a message: with some slack it is done once for many attempts.
const slack = 1.0 / 64

// lateDeadline returns the deadline of a connection for an attempt that must end at a time: not before it, and up to
// slack of the time until then after it. It is the one that is set, if that will do.
func lateDeadline(set, now, end time.Time) time.Time {
	most := time.Duration(float64(end.Sub(now)) * slack)
	if late := set.Sub(end); late >= 0 && late <= most {
		return set
	}
	return end.Add(most)
}
