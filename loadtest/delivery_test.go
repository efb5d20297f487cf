package loadtest

import (
	"testing"
	"time"

	"momento-bridge/loadtest/report"
)

func TestTrackCountsWhatBecameOfEachMessage(t *testing.T) {
	for _, c := range []struct {
		name  string
		taken []bool // By NATS, of each message.
		came  []int
		want  report.Delivery
	}{
		{"nothing was sent", nil, nil, report.Delivery{}},
		{"everything came, in order", []bool{true, true, true}, []int{0, 1, 2}, report.Delivery{Sent: 3, Delivered: 3}},
		{"one is missing", []bool{true, true, true}, []int{0, 2}, report.Delivery{Sent: 3, Delivered: 2, Lost: 1}},
		{"none came", []bool{true, true}, nil, report.Delivery{Sent: 2, Lost: 2}},
		{"copies", []bool{true, true}, []int{0, 0, 1, 0}, report.Delivery{Sent: 2, Delivered: 2, Duplicates: 2}},
		{
			"a copy of an earlier one is not out of order",
			[]bool{true, true},
			[]int{0, 1, 0},
			report.Delivery{Sent: 2, Delivered: 2, Duplicates: 1},
		},
		{
			"two came after a later one",
			[]bool{true, true, true, true},
			[]int{3, 0, 1},
			report.Delivery{Sent: 4, Delivered: 3, Lost: 1, Reordered: 2},
		},
		{
			"NATS took one without saying so",
			[]bool{true, false, false},
			[]int{1, 0},
			report.Delivery{Sent: 2, Delivered: 2, Reordered: 1},
		},
		{"numbers that nobody gave", []bool{true}, []int{0, 1, 1 << 30}, report.Delivery{Sent: 1, Delivered: 1}},
		{"greetings", []bool{true}, []int{hello, 0, hello}, report.Delivery{Sent: 1, Delivered: 1}},
	} {
		for _, early := range []bool{false, true} { // Messages may come before NATS has said that it has taken them.
			tr := newTrack("s", "t")
			for range c.taken {
				tr.number()
			}
			take := func() {
				for i, ok := range c.taken {
					if ok {
						tr.took(i)
					}
				}
			}
			if !early {
				take()
			}
			for _, number := range c.came {
				tr.received(number, time.Second, 3*time.Second)
			}
			if early {
				take()
			}
			var got report.Delivery
			tr.add(&got)
			if got.Sent != c.want.Sent || got.Delivered != c.want.Delivered || got.Lost != c.want.Lost ||
				got.Duplicates != c.want.Duplicates || got.Reordered != c.want.Reordered {
				t.Errorf("%s, early %v: %+v", c.name, early, got)
			}
			if n := tr.times.TotalCount(); int(n) != got.Delivered || n > 0 && (tr.times.Min() < 1_950_000 ||
				tr.times.Max() > 2_050_000) {
				t.Errorf("%s: %d times, from %d to %d µs", c.name, n, tr.times.Min(), tr.times.Max())
			}
		}
	}
}
