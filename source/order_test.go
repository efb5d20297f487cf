package source

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

// A replica stops with much in hand, some of it failing, and the next one starts: what was handed back comes in the
// order of each topic.
func TestOrderHoldsAcrossARestart(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	newStream(t, conn, 0)
	js := jetStream(t, conn)
	const topics, each = 10, 60
	for i := range each {
		for topic := range topics {
			if _, err := js.PublishAsync(fmt.Sprintf("a.%d", topic), fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	<-js.PublishAsyncComplete()
	var mu sync.Mutex
	got := map[string][]string{}
	published := func() int {
		mu.Lock()
		defer mu.Unlock()
		n := 0
		for _, numbers := range got {
			n += len(numbers)
		}
		return n
	}
	for round := range 5 {
		s := startStage(t, newJetStream(t, conn), pipeline.RouteConfig{Returnable: true, Ordered: true}, 1000,
			func(r *pipeline.Request) pipeline.Answer {
				time.Sleep(2 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				if len(got[r.Topic])%7 == round {
					time.Sleep(time.Millisecond)
					got[r.Topic] = append(got[r.Topic], "failed")
					return pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.Result5xx}
				}
				got[r.Topic] = append(got[r.Topic], string(r.Payload))
				return accepted(r)
			})
		eventually(t, "publishing", func() bool { return published() >= (round+1)*topics*each/6 })
		s.stop()
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	s := startStage(t, newJetStream(t, conn), pipeline.RouteConfig{Returnable: true, Ordered: true}, 1000,
		func(r *pipeline.Request) pipeline.Answer {
			mu.Lock()
			defer mu.Unlock()
			got[r.Topic] = append(got[r.Topic], string(r.Payload))
			return accepted(r)
		})
	want := make([]string, each)
	for i := range want {
		want[i] = fmt.Sprint(i)
	}
	inOrder := func(topic string) []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.DeleteFunc(slices.Clone(got[topic]), func(s string) bool { return s == "failed" })
	}
	eventually(t, "all published", func() bool {
		n := 0
		for topic := range topics {
			n += len(inOrder(fmt.Sprintf("a.%d", topic)))
		}
		return n >= topics*each
	})
	s.stop()
	for topic := range topics {
		if numbers := inOrder(fmt.Sprintf("a.%d", topic)); !slices.Equal(numbers, want) {
			t.Errorf("topic %d got %v", topic, numbers)
		}
	}
}
