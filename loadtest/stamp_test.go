package loadtest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"momento-bridge/batch"
)

func TestStampsAreFoundInEveryBatchFormat(t *testing.T) {
	target := Target{Seed: 1, Bytes: 300}
	run, other := newRun(), newRun()
	for _, padding := range [][]byte{nil, target.payload()} {
		var messages [][]byte
		for i, from := range []string{run, run, other, run} {
			messages = append(messages, stamped(from, i*70_000, time.Duration(i)*time.Hour, padding))
		}
		if len(messages[0]) != LeastStamped+len(padding) || !json.Valid(messages[0]) {
			t.Errorf("a payload is %q, %d bytes", messages[0], len(messages[0]))
		}
		for _, format := range []string{"lines", "json", "length-prefixed"} {
			framing, err := batch.Parse(format)
			if err != nil {
				t.Fatal(err)
			}
			var numbers []int
			var all []byte
			for _, m := range messages {
				size, err := framing.Size(m)
				if err != nil {
					t.Fatal(err)
				}
				all = framing.Append(all, m, size)
			}
			readStamps(run, framing.End(all), func(number int, sent time.Duration) {
				if sent != time.Duration(number/70_000)*time.Hour {
					t.Errorf("%d was sent at %v", number, sent)
				}
				numbers = append(numbers, number)
			})
			if !slices.Equal(numbers, []int{0, 70_000, 210_000}) {
				t.Errorf("%s: found %v", format, numbers)
			}
		}
	}
}

func TestWhatIsNoStampIsPassedOver(t *testing.T) {
	run := newRun()
	for _, payload := range []string{
		"", "x", run, run + "0000000g00000000000f", `["` + run + `00000001`,
		"mb1deadbeef" + run,
	} {
		readStamps(run, []byte(payload), func(number int, _ time.Duration) { t.Errorf("%q: %d", payload, number) })
	}
}
