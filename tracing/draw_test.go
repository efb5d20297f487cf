package tracing

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// oddOnes samples in a way that no share does.
type oddOnes struct{}

func (oddOnes) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	if p.TraceID[15]&1 == 1 {
		return sdk.SamplingResult{Decision: sdk.RecordAndSample}
	}
	return sdk.SamplingResult{Decision: sdk.Drop}
}

func (oddOnes) Description() string { return "odd" }

// highOnes samples the share of the highest ids.
type highOnes struct{}

func (highOnes) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	if binary.BigEndian.Uint64(p.TraceID[8:]) >= math.MaxUint64/4*3 {
		return sdk.SamplingResult{Decision: sdk.RecordAndSample}
	}
	return sdk.SamplingResult{Decision: sdk.Drop}
}

func (highOnes) Description() string { return "high" }

func TestDrawKnowsWhatTheSamplerIsGoingToSay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sampler sdk.Sampler
		unsure  bool // It leaves it to the sampler.
		obeys   bool
	}{
		"all":           {sdk.AlwaysSample(), true, false},
		"none":          {sdk.NeverSample(), false, true},
		"a share":       {sdk.TraceIDRatioBased(0.3), false, false},
		"a small share": {sdk.ParentBased(sdk.TraceIDRatioBased(1e-6)), false, true},
		"parents only":  {sdk.ParentBased(sdk.NeverSample()), false, true},
		"by default":    {sdk.ParentBased(sdk.AlwaysSample()), true, true},
		"high ids":      {highOnes{}, false, false},
		"odd ids":       {oddOnes{}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracer := sdk.NewTracerProvider(sdk.WithSampler(tt.sampler), sdk.WithIDGenerator(ids{})).Tracer("")
			d := learn(tracer)
			if d.all != tt.unsure || d.obeys != tt.obeys {
				t.Errorf("learned %+v", d)
			}
			for i := range 2000 {
				half := rand.Uint64() >> (i % 64)
				if says := sampled(context.Background(), tracer, half); d.begins(half) != says && !d.all {
					t.Fatalf("of %x the draw says %v, and the sampler %v", half, d.begins(half), says)
				}
			}
		})
	}
}
