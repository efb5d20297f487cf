package corpus

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestCorporaAreTheSameEachTimeAndAsLongAsTheySay(t *testing.T) {
	t.Parallel()
	lengths := map[string]int{"orders": 200, "ticks": 76, "cloudevents": 600, "random": 200}
	for _, c := range All() {
		messages, again := c.Messages(1000), c.Messages(1000)
		sum := 0
		for i, m := range messages {
			sum += len(m.Payload)
			if !bytes.Equal(m.Payload, again[i].Payload) || !m.Time.Equal(again[i].Time) {
				t.Fatalf("%s: message %d is another one each time", c.Name, i)
			}
			if c.Name != "random" && !json.Valid(m.Payload) {
				t.Fatalf("%s: message %d is no JSON: %s", c.Name, i, m.Payload)
			}
		}
		if average, want := sum/len(messages), lengths[c.Name]; average < want*97/100 || average > want*103/100 {
			t.Errorf("%s: messages have %d bytes on average, want about %d", c.Name, average, want)
		}
		t.Logf("%s: %q", c.Name, messages[500].Payload)
	}
}
