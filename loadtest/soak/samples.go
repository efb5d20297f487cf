package soak

import "math"

// Sample is what was measured between two moments. NaN, null in JSON, stands for what is not known.
type Sample struct {
	At         float64 // Seconds after the start, at its end.
	Seconds    float64 // How long it is.
	Rate       float64 // Accepted by the endpoint, per second.
	Refused    float64 // For quota, per second.
	Failed     float64 // Otherwise, per second.
	P50, P99   float64 // From NATS to the subscriber, in seconds.
	Memory     float64 // Bytes.
	Heap       float64
	Goroutines float64
	Opened     float64 // Connections, per second.
	Files      float64
}

// mostSamples bounds what is kept: twice as long samples take its place then.
const mostSamples = 4096

// samples are those of a soak.
type samples struct{ all []Sample }

func (s *samples) add(one Sample) {
	s.all = append(s.all, one)
	if len(s.all) < mostSamples {
		return
	}
	half := s.all[:0]
	for i := 0; i+1 < len(s.all); i += 2 {
		half = append(half, together(s.all[i], s.all[i+1]))
	}
	s.all = half
}

// together is two samples as one.
func together(a, b Sample) Sample {
	part := a.Seconds / (a.Seconds + b.Seconds)
	if math.IsNaN(part) {
		part = 0.5
	}
	mean := func(x, y float64) float64 {
		switch {
		case math.IsNaN(x):
			return y
		case math.IsNaN(y):
			return x
		}
		return part*x + (1-part)*y
	}
	return Sample{
		At: b.At, Seconds: a.Seconds + b.Seconds, Rate: mean(a.Rate, b.Rate), Refused: mean(a.Refused, b.Refused),
		Failed: mean(a.Failed, b.Failed), P50: mean(a.P50, b.P50), P99: mean(a.P99, b.P99),
		Memory: mean(a.Memory, b.Memory), Heap: mean(a.Heap, b.Heap), Goroutines: mean(a.Goroutines, b.Goroutines),
		Opened: mean(a.Opened, b.Opened), Files: mean(a.Files, b.Files),
	}
}
