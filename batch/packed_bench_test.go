package batch

import (
	"slices"
	"testing"
	"time"

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
// same as JSON. For JSON that is its size when it comes, and adding it when it goes. Each publish is timed by itself,
// and ns/message is the median, so that it hardly matters what else the machine does.
//
//	go test -run '^$' -bench Packing ./batch
func BenchmarkPacking(b *testing.B) {
	for _, c := range corpus.All() {
		messages := c.Messages(20000)
		b.Run(c.Name+"/packed", func(b *testing.B) { benchmarkFilling(b, packer(messages)) })
		b.Run(c.Name+"/json", func(b *testing.B) { benchmarkFilling(b, framer(messages)) })
	}
}

// benchmarkFilling fills publishes, by a function that returns how many messages one holds.
func benchmarkFilling(b *testing.B, fill func() int) {
	var each []float64
	packed := 0
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		n := fill()
		each = append(each, float64(time.Since(began).Nanoseconds())/float64(n))
		packed += n
	}
	slices.Sort(each)
	b.ReportMetric(each[len(each)/2], "ns/message")
	b.ReportMetric(float64(packed)/float64(len(each)), "messages/publish")
	b.ReportMetric(0, "ns/op")
}

func packer(messages []corpus.Message) func() int {
	p := NewPacker(&Packing{})
	var buffer []byte
	used := 0
	return func() (n int) {
		if used > len(messages)-2000 {
			used = 0
		}
		p.Begin(0xcafe, uint64(used))
		for i := used; !enough(p, 4096) && i < len(messages); i++ {
			m := &messages[i]
			p.Add(m.Payload, uint64(i)+1, m.Subject, m.Time, m.Header)
		}
		buffer, n = p.Fit(buffer[:0], 4096)
		used += n
		return n
	}
}

func framer(messages []corpus.Message) func() int {
	f, _ := Parse("json")
	var buffer []byte
	used := 0
	return func() (n int) {
		buffer = buffer[:0]
		for length := f.Overhead(); ; n++ {
			payload := messages[(used+n)%len(messages)].Payload
			size, _ := f.Size(payload)
			if length += size; length > 4096 {
				break
			}
			buffer = f.Append(buffer, payload, size)
		}
		buffer = f.End(buffer)
		used += n
		return n
	}
}
