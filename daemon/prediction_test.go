package daemon

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"momento-bridge/batch"
	"momento-bridge/batch/corpus"
	"momento-bridge/config"
	"momento-bridge/source"
	"momento-bridge/source/template"
)

// sampled are samples of payloads, as Recent returns them for a limit.
func sampled(limit int, payloads ...string) []source.Sample {
	var samples []source.Sample
	for i, p := range payloads {
		s := source.Sample{Sequence: uint64(i + 1), Subject: "s", Size: len(p)}
		if s.Size <= limit {
			s.Payload = []byte(p)
		}
		samples = append(samples, s)
	}
	return samples
}

// ordersOf are so many messages of the corpus orders.
func ordersOf(n int) []string {
	var payloads []string
	for _, m := range corpus.All()[0].Messages(n) {
		payloads = append(payloads, string(m.Payload))
	}
	return payloads
}

// noise are texts of so many bytes that nothing makes much shorter, and that are no JSON.
func noise(n, bytes int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	payloads := make([]string, n)
	for i := range payloads {
		b := make([]byte, bytes)
		for j := range b {
			b[j] = byte(random.Uint32())
		}
		payloads[i] = string(b)
	}
	return payloads
}

func TestPredictionSaysWhatPackingWouldBring(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what     string
		format   string
		payloads []string
		want     string // A pattern of words: each must be there, in order. Empty: nothing is said.
	}{
		{
			"orders as json", "json", ordersOf(200),
			"about messages a publish as json, about 1 0 packed; by its newest 200 messages",
		},
		{
			"orders alone", "none", ordersOf(200),
			"1 message a publish; with batch.format about as json, about 1 0 packed; by",
		},
		{"orders packed", "packed", ordersOf(200), "about 1 0 messages a publish, packed; by its newest 200 messages"},
		{"too few to fill one", "json", ordersOf(5), "at least 5 messages a publish as json; by its newest 5 messages"},
		{"one", "json", ordersOf(1), "at least 1 messages a publish as json; by its newest 1 message"},
		{
			"what packing does not help", "length-prefixed", noise(50, 1000),
			"about 4 messages a publish as length-prefixed; by its newest 50 messages",
		},
		{"large ones alone", "none", noise(20, 3000), ""},
		{
			"some larger than the limit", "json",
			append(ordersOf(40), strings.Repeat("x", 5000), strings.Repeat("y", 4097)),
			" messages a publish as json,  packed; 2 larger than max_payload, 4096 bytes; by its newest 42 messages",
		},
		{
			"all larger than the limit", "json", noise(3, 5000),
			"3 larger than max_payload, 4096 bytes; by its newest 3 messages",
		},
		{
			"lines that are none", "lines", append(ordersOf(40), "a\nb"),
			"; 1 that can be in no batch of lines; by its newest 41 messages",
		},
		{
			"without bytes", "json", make([]string, 10),
			"at least 10 messages a publish as json; by its newest 10 messages",
		},
		{"nothing", "json", nil, ""},
	} {
		c := config.DefaultRoute()
		c.Batch.Format = test.format
		got := prediction(sampled(int(c.MaxPayload), test.payloads...), &c, &batch.Packing{})
		if test.want == "" && got != "" {
			t.Errorf("%s: %q, want nothing", test.what, got)
		}
		rest := got
		for word := range strings.SplitSeq(test.want, " ") {
			_, after, ok := strings.Cut(rest, word)
			if !ok {
				t.Errorf("%s: %q, want %q", test.what, got, test.want)
				break
			}
			rest = after
		}
	}
}

func TestPredictionKnowsHowManyTopicsThereAre(t *testing.T) {
	t.Parallel()
	topics, err := template.Compile([]string{"s.*"}, "{{header(Region)}}.$1")
	if err != nil {
		t.Fatal(err)
	}
	var samples []source.Sample
	for _, of := range [][2]string{{"s.a", "eu"}, {"s.a", "us"}, {"s.a", "eu"}, {"s.b", "eu"}, {"s.b", ""}} {
		samples = append(samples, source.Sample{Subject: of[0], Header: map[string][]string{"Region": {of[1]}}})
	}
	if n := topicsOf(samples, topics); n != 3 {
		t.Errorf("%d topics, want 3: one message is unfit", n)
	}
}

func TestPredictionOfTextSaysWhatPackingNeeds(t *testing.T) {
	t.Parallel()
	c := config.DefaultRoute()
	c.Batch.Format, c.ContentType = "json", config.TextPlain
	got := prediction(sampled(int(c.MaxPayload), ordersOf(200)...), &c, &batch.Packing{})
	if !strings.Contains(got, " packed (with content_type application/octet-stream); ") {
		t.Error(got)
	}
}

func TestPredictionsAreSaidAsPeopleWould(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]fill{
		"about 1.4": {each: 1.42}, "about 3": {each: 3.04}, "about 20": {each: 19.7}, "about 100": {each: 103.9},
		"about 1230": {each: 1234}, "at least 7": {each: 7, least: true},
	} {
		if got := fmt.Sprint(f); got != want {
			t.Errorf("%v is said as %q, want %q", f.each, got, want)
		}
	}
}

func TestPredictionKeepsToTheMostMessagesOfABatch(t *testing.T) {
	t.Parallel()
	c := config.DefaultRoute()
	c.Batch.Format, c.Batch.MaxMessages = "json", 10
	got := prediction(sampled(int(c.MaxPayload), ordersOf(200)...), &c, &batch.Packing{})
	if want := "about 10 messages a publish as json; by its newest 200 messages"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
