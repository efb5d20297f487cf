package main

import (
	"fmt"
	"testing"
	"time"
)

// Values of a few topics come far faster than the quota allows. The latest of each is published; those it replaces are
// acknowledged and counted.
func TestKeepLatestPublishesTheNewestValueOfEachTopic(t *testing.T) {
	t.Parallel()
	const n = 3000
	w, got := newRecordedWorld(t)
	s := w.stream("S", "s.*")
	p := startDaemon(t, "-c",
		w.config("limits: {rate: 10}", `  - {name: s, stream: S, subject: "s.*", cache: c, overload: keep-latest}`))
	p.awaitReady()
	w.fill(n, func(i int) (string, string) { return fmt.Sprintf("s.t%d", i%3), fmt.Sprint(i) })
	eventually(t, "the last values", func() bool {
		for topic := range 3 {
			values := got.topic(fmt.Sprintf("c/s.t%d", topic))
			if len(values) == 0 || values[len(values)-1] != fmt.Sprint(n-3+topic) {
				return false
			}
		}
		return true
	})
	eventually(t, "all acknowledged", func() bool {
		c, err := s.Consumer(t.Context(), "momento-bridge-s")
		return err == nil && c.CachedInfo().NumAckPending == 0 && c.CachedInfo().NumPending == 0
	})
	published, dropped := p.metric(`messages_settled_total{outcome="published",route="s"}`),
		p.metric(`messages_settled_total{outcome="replaced",route="s"}`)
	if published+dropped != n || published > n/10 || int(published) != got.total() {
		t.Errorf("%g published and %g dropped of %d, %d came", published, dropped, n, got.total())
	}
}

func TestDropOldestKeepsUpWithAStream(t *testing.T) {
	t.Parallel()
	const n = 3000
	w, got := newRecordedWorld(t)
	w.stream("S", "s")
	p := startDaemon(t, "-c", w.config("limits: {rate: 20}\nqueue: {max_messages: 40}",
		`  - {name: s, stream: S, cache: c, overload: drop-oldest}`))
	p.awaitReady()
	w.fill(n, func(i int) (string, string) { return "s", fmt.Sprint(i) })
	eventually(t, "the last", func() bool {
		values := got.topic("c/s")
		return len(values) > 0 && values[len(values)-1] == fmt.Sprint(n-1)
	})
	dropped := p.metric(`messages_settled_total{outcome="shed",route="s"}`)
	if int(dropped)+got.total() != n || dropped < n/2 {
		t.Errorf("%d published, %g dropped of %d", got.total(), dropped, n)
	}
}

func TestMessagesOfAStreamExpireByItsTimeStamps(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s")
	w.fill(20, func(int) (string, string) { return "s", "old" })
	time.Sleep(1200 * time.Millisecond)
	p := startDaemon(t, "-c", w.config("", `  - {name: s, stream: S, cache: c, max_age: 1s}`))
	eventually(t, "a new one", func() bool { // On a busy machine some of them expire, too.
		w.publish("s", "new")
		return got.total() > 0
	})
	eventually(t, "the others counted",
		func() bool { return p.metric(`messages_settled_total{outcome="expired",route="s"}`) >= 20 })
	if values := got.topic("c/s"); values[0] != "new" {
		t.Errorf("published %q", values)
	}
}
