package drive

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Times are the distributions of one kind of answer, in microseconds.
type Times struct {
	Service  *hdrhistogram.Histogram // From sent to answered.
	Response *hdrhistogram.Histogram // From planned to answered.
}

// Record is what a trial took, by what became of the publishes.
type Record struct {
	Delay                     *hdrhistogram.Histogram // From planned to sent, of all.
	Accepted, Refused, Failed Times
}

const (
	longestTime = int64(2 * time.Minute / time.Microsecond)
	digits      = 2
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longestTime, digits) }

func newTimes() Times { return Times{newHistogram(), newHistogram()} }

func newRecord() *Record {
	return &Record{Delay: newHistogram(), Accepted: newTimes(), Refused: newTimes(), Failed: newTimes()}
}

// add records one publish.
func (r *Record) add(f fate, planned, sent, answered int64) {
	note(r.Delay, sent-planned)
	t := &r.Failed
	switch f {
	case accepted:
		t = &r.Accepted
	case refused:
		t = &r.Refused
	case open, failed, missed, fates:
	}
	note(t.Service, answered-sent)
	note(t.Response, answered-planned)
}

func note(h *hdrhistogram.Histogram, nanoseconds int64) {
	_ = h.RecordValue(min(max(nanoseconds/1000, 0), longestTime)) // Within its range.
}

// merge adds another record to r and empties it.
func (r *Record) merge(other *Record) {
	move := func(to, from *hdrhistogram.Histogram) {
		to.Merge(from)
		from.Reset()
	}
	move(r.Delay, other.Delay)
	for _, pair := range [...][2]*Times{
		{&r.Accepted, &other.Accepted},
		{&r.Refused, &other.Refused},
		{&r.Failed, &other.Failed},
	} {
		move(pair[0].Service, pair[1].Service)
		move(pair[0].Response, pair[1].Response)
	}
}

// Delays is the distribution of the time from planned to sent in all trials together, in microseconds.
func Delays(trials []Measured) *hdrhistogram.Histogram {
	all := newHistogram()
	for _, m := range trials {
		all.Merge(m.Delay)
	}
	return all
}
