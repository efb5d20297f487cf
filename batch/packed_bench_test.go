package batch

import (
	"slices"
	"testing"

	"momento-bridge/batch/corpus"
)

// fillJSON returns how many messages a publish of at most so many bytes holds as JSON, on average.
func fillJSON(messages []corpus.Message, most int) float64 {
	f, _ := Parse("json")
	publishes, length, used := 0, f.Overhead(), 0
	for i, m := range messages {
		size, _ := f.Size(m.Payload)
		if length+size > most {
			publishes, length, used = publishes+1, f.Overhead(), i
		}
		length += size
	}
	return float64(used) / float64(publishes)
}

// filling is how full publishes are, of those that messages did not run out for.
type filling struct {
	messages float64 // A publish.
	fill     float64 // The median.
	trials   float64 // Of one publish.
}

func fillPacked(t testing.TB, p *Packer, messages []corpus.Message, most int) filling {
	var fills []float64
	used, trials := 0, 0
	for {
		p.Begin(0xcafe, uint64(used))
		for i, m := range messages[used:] {
			if enough(p, most) {
				break
			}
			p.Add(m.Payload, uint64(used+i)+1, m.Subject, m.Time, m.Header)
		}
		publish, n := p.Fit(nil, most)
		if n == len(messages)-used {
			break
		}
		if n > 1 && len(publish) > most {
			t.Fatalf("a publish of %d messages has %d bytes, the most is %d", n, len(publish), most)
		}
		used += n
		trials += p.trials
		fills = append(fills, float64(len(publish))/float64(most))
	}
	slices.Sort(fills)
	publishes := float64(len(fills))
	return filling{float64(used) / publishes, fills[len(fills)/2], float64(trials) / publishes}
}

// BenchmarkPacking is what a message costs in full publishes of 4 096 B, and how many there are in one; beside it the
// same as JSON. For JSON that is its size when it comes, and adding it when it goes.
//
//	go test -run '^$' -bench Packing ./batch
func BenchmarkPacking(b *testing.B) {
	const most = 4096
	for _, c := range corpus.All() {
		messages := c.Messages(20000)
		b.Run(c.Name+"/packed", func(b *testing.B) {
			p := NewPacker(&Packing{})
			var buffer []byte
			packed, publishes, used := 0, 0, 0
			b.ReportAllocs()
			for b.Loop() {
				p.Begin(0xcafe, uint64(used))
				for i := used; !enough(p, most) && i < len(messages); i++ {
					m := &messages[i]
					p.Add(m.Payload, uint64(i)+1, m.Subject, m.Time, m.Header)
				}
				publish, n := p.Fit(buffer[:0], most)
				buffer = publish
				packed, publishes, used = packed+n, publishes+1, used+n
				if used > len(messages)-2000 {
					used = 0
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packed), "ns/message")
			b.ReportMetric(float64(packed)/float64(publishes), "messages/publish")
		})
		b.Run(c.Name+"/json", func(b *testing.B) {
			f, _ := Parse("json")
			var buffer []byte
			packed, publishes := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				buffer = buffer[:0]
				for length := f.Overhead(); ; packed++ {
					payload := messages[packed%len(messages)].Payload
					size, _ := f.Size(payload)
					if length += size; length > most {
						break
					}
					buffer = f.Append(buffer, payload, size)
				}
				buffer = f.End(buffer)
				publishes++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packed), "ns/message")
			b.ReportMetric(float64(packed)/float64(publishes), "messages/publish")
		})
	}
}
