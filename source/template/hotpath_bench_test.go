package template

import (
	"fmt"
	"testing"

	"momento-bridge/bench/rig"
)

// BenchmarkTopic is what it costs to map a subject to a topic: the template itself, and as the sources do it, where a
// subject is known already.
//
//	go test -run '^$' -bench BenchmarkTopic -count 6 ./source/template
func BenchmarkTopic(b *testing.B) {
	for _, t := range []struct{ name, filter, template string }{
		{"subject", "orders.>", "{{subject}}"},
		{"wildcards", "orders.*.device.*", "orders-{{wildcard(1)}}-{{wildcard(2)}}"},
		{"functions", "orders.*.device.*", "{{splitFromLeft(1,1)}}.{{partition(10,1,2)}}.{{split(2,-)}}"},
	} {
		template, err := Compile([]string{t.filter}, t.template)
		if err != nil {
			b.Fatal(err)
		}
		subjects := make([]string, 1000)
		for i := range subjects {
			subjects[i] = fmt.Sprintf("orders.eu.device.a-%d", i)
		}
		b.Run("append/"+t.name, func(b *testing.B) {
			var dst []byte
			n, empty := 0, 0
			meter := rig.Start(b)
			for b.Loop() {
				dst = template.Append(dst[:0], subjects[n%len(subjects)], nil)
				if len(dst) == 0 {
					empty++
				}
				n++
			}
			meter.Stop(n - empty)
		})
		b.Run("known/"+t.name, func(b *testing.B) {
			cache := NewCache(template)
			for _, subject := range subjects {
				cache.Topic(subject, nil)
			}
			n, empty := 0, 0
			meter := rig.Start(b)
			for b.Loop() {
				if topic, _ := cache.Topic(subjects[n%len(subjects)], nil); topic == "" {
					empty++
				}
				n++
			}
			meter.Stop(n - empty)
		})
	}
}
