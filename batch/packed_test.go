package batch

import (
	"testing"
	"time"

	"momento-bridge/batch/corpus"
	"momento-bridge/test/long"
)

// pack puts messages into publishes of at most so many bytes, as the pipeline does.
func pack(t testing.TB, p *Packer, messages []corpus.Message, stream uint32, most int) (publishes [][]byte) {
	t.Helper()
	sequence := uint64(0)
	for len(messages) > 0 {
		p.Begin(stream, sequence)
		for i, m := range messages {
			if enough(p, most) {
				break
			}
			p.Add(m.Payload, sequence+uint64(i)+1, m.Subject, m.Time, m.Header)
		}
		publish, n := p.Fit(nil, most)
		if n < 1 || n > len(messages) {
			t.Fatalf("%d messages in a publish, %d were added", n, len(messages))
		}
		if len(publish) > most && n > 1 {
			t.Errorf("a publish of %d messages has %d bytes, the most is %d", n, len(publish), most)
		}
		publishes = append(publishes, publish)
		messages, sequence = messages[n:], sequence+uint64(n)
	}
	return publishes
}

// enough reports whether adding more messages would be in vain, as the pipeline estimates it.
func enough(p *Packer, most int) bool {
	return p.full || p.ratio > 0 && float64(len(p.body)) > 1.25*p.ratio*float64(most)
}

// unpackAll takes publishes apart one after the other.
func unpackAll(t testing.TB, publishes [][]byte) (messages []Message) {
	t.Helper()
	for _, publish := range publishes {
		p, err := Unpack(publish, 0)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, p.Messages...)
	}
	return messages
}

func TestCorporaSurvive(t *testing.T) {
	t.Parallel()
	for _, c := range corpus.All() {
		sent := c.Messages(600)
		for _, packing := range []Packing{{}, {Subject: true, Time: true, Headers: []string{"*"}}} {
			got := unpackAll(t, pack(t, NewPacker(&packing), sent, 7, 4096))
			if len(got) != len(sent) {
				t.Fatalf("%s: %d messages of %d", c.Name, len(got), len(sent))
			}
			for i, m := range got {
				want := Message{Payload: sent[i].Payload, Sequence: uint64(i) + 1}
				if packing.Subject {
					want.Subject, want.Time = sent[i].Subject, sent[i].Time.Truncate(time.Millisecond)
					want.Headers = []Field{{"traceparent", sent[i].Header["traceparent"][0]}}
				}
				if !sameMessage(m, want) {
					t.Fatalf("%s: message %d is %+v, want %+v", c.Name, i, m, want)
				}
			}
		}
	}
}

// What the specification promises of the corpora.
func TestPublishesHoldManyMoreMessagesThanAsJSON(t *testing.T) {
	t.Parallel()
	lines := map[string]float64{"orders": 4.5, "ticks": 4.5, "cloudevents": 6, "random": 1}
	for _, c := range corpus.All() {
		messages := c.Messages(long.Or(2500, 50000))
		asJSON := fillJSON(messages, 4096)
		packed := fillPacked(t, NewPacker(&Packing{}), messages, 4096)
		t.Logf("%s: %.1f messages in 4096 B as json, %.1f packed: %.2f times as many; %.1f %% full, %.2f trials",
			c.Name, asJSON, packed.messages, packed.messages/asJSON, 100*packed.fill, packed.trials)
		if packed.messages < lines[c.Name]*asJSON {
			t.Errorf("%s: %.2f times as many as json, want %.1f", c.Name, packed.messages/asJSON, lines[c.Name])
		}
		if packed.fill < 0.95 || packed.trials > mostTrials {
			t.Errorf("%s: publishes are %.1f %% full after %.2f trials", c.Name, 100*packed.fill, packed.trials)
		}
	}
}
