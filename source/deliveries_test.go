package source

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
	"weak"

	"github.com/nats-io/nats.go"
)

// The client's message refers to the one that came after it, and so on. One that waits for long would keep them all.
func TestDeliveryThatWaitsKeepsNoMessageOfTheClient(t *testing.T) {
	t.Parallel()
	var q deliveries
	m := &nats.Msg{Subject: "a", Reply: "$JS.ACK.S.C.1.7.1.1700000000000000000.0"}
	kept := weak.Make(m)
	d, _ := q.add(m, 7, time.Time{})
	runtime.GC()
	if kept.Value() != nil {
		t.Error("the client's message is kept")
	}
	if reply, last := q.remove(d, true); reply != "$JS.ACK.S.C.1.7.1.1700000000000000000.0" || !last {
		t.Errorf("remove = %q, %v", reply, last)
	}
}

func TestStreamIsReadFromTheReplySubject(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string]string{
		"$JS.ACK.S.C.1.7.1.1700000000000000000.0":                  "S",
		"$JS.ACK.domain.account.S.C.1.7.1.1700000000000000000.0.x": "S",
		"other": "",
	} {
		if got := streamOf(reply); got != want {
			t.Errorf("streamOf(%q) = %q, want %q", reply, got, want)
		}
	}
}

func TestDeliveriesAreReusedAndKeepTheirOrder(t *testing.T) {
	t.Parallel()
	var q deliveries
	now := time.Now()
	var all []*delivery
	for i := range 5 {
		d, _ := q.add(&nats.Msg{Reply: fmt.Sprint(i)}, uint64(i+1), now)
		all = append(all, d)
	}
	for _, i := range []int{0, 4, 2} {
		if reply, _ := q.remove(all[i], true); reply != fmt.Sprint(i) {
			t.Errorf("removed %s, want %d", reply, i)
		}
	}
	if d, _ := q.add(&nats.Msg{Reply: "5"}, 6, now); d != all[2] {
		t.Error("a new delivery rather than the one that was free")
	}
	if got := q.due(now, now.Add(1), 1, nil); !slices.Equal(got, []string{"1", "3", "5"}) {
		t.Errorf("renewed %v, want 1, 3, 5", got)
	}
}
