package daemon

import (
	"fmt"
	"strings"
	"testing"

	"momento-bridge/config"
)

func TestManyRoutesOnAStreamThatCouldBeOneAreToldOf(t *testing.T) {
	t.Parallel()
	f := func(name string, n int, change func(i int, r *config.Route), want ...string) {
		t.Helper()
		c := config.Config{Routes: []config.Route{{Name: "other", Stream: "other", Consumer: "other"}}}
		for i := range n {
			r := config.Route{
				Name: fmt.Sprint("r", i), Subject: fmt.Sprint("s.", i), Stream: "S", Consumer: fmt.Sprint("c", i),
				Cache: "c", Topic: "{{subject}}",
			}
			change(i, &r)
			c.Routes = append(c.Routes, r)
		}
		text := strings.Join(consumerHints(&c), "\n")
		if len(want) == 0 && text != "" {
			t.Errorf("%s: %s", name, text)
		}
		for _, words := range want {
			if !strings.Contains(text, words) {
				t.Errorf("%s: the hint does not say %q: %s", name, words, text)
			}
		}
	}
	same := func(int, *config.Route) {}
	topic := func(i int, r *config.Route) { r.Topic = fmt.Sprint("t", i) }
	f("few", manyAlike-1, same)
	f("core NATS", manyAlike, func(_ int, r *config.Route) { r.Stream = "" })
	f("alike", manyAlike, same, "20 routes consume the stream S", "20 of them have the same settings")
	f("own topics", manyAlike, topic, "20 routes consume the stream S", "need not differ in topic, one route")
	f("some alike", 2*manyAlike, func(i int, r *config.Route) {
		if i%2 == 0 {
			topic(i, r)
			r.Weight = 2
		}
	}, "40 routes consume the stream S", "20 of them have the same settings", "Others differ in topic, weight")
}
