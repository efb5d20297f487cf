package batch

import (
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	packedRow = regexp.MustCompile("(?m)^\\| `([^`|]*)` \\| `(f501[0-9a-f]+)` \\|$")
	byteRow   = regexp.MustCompile("(?m)^\\| `([0-9a-f ]+)` \\| [^`|]*(?:`[^`]*`[^`|]*)* \\|$")
)

// say tells of a batch as the specification does.
func say(publish []byte, p Publish) string {
	var words []string
	if p.Marked {
		words = append(words, fmt.Sprintf("stream=%08x first=%d previous=%d", p.Marker.Stream, p.Marker.First,
			p.Marker.Previous))
	}
	flags, times, before := publish[2], 1, ""
	for _, m := range p.Messages {
		var of []string
		if p.Marked {
			of = append(of, strconv.FormatUint(m.Sequence, 10))
		}
		if flags&flagTime != 0 {
			of = append(of, strconv.FormatInt(m.Time.UnixMilli(), 10))
		}
		if flags&flagSubject != 0 {
			of = append(of, m.Subject)
		}
		for _, f := range m.Headers {
			of = append(of, f.Name+"="+f.Value)
		}
		text := strings.Join(append(of, strconv.Quote(string(m.Payload))), " ")
		if text == before { // Repeated messages are counted.
			times++
			words[len(words)-1] = fmt.Sprintf("%d x %s", times, text)
			continue
		}
		words, before, times = append(words, text), text, 1
	}
	return strings.Join(words, "; ")
}

func TestPackedExamplesOfTheSpecificationAreTrue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/batch-formats.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := packedRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 6 {
		t.Fatalf("%d examples of packed batches are found", len(rows))
	}
	for _, row := range rows {
		publish, err := hex.DecodeString(row[2])
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unpack(publish, 0)
		if err != nil || say(publish, got) != row[1] {
			t.Errorf("%s is %s, %v; the specification says %s", row[2], say(publish, got), err, row[1])
		}
	}
	_, explained, _ := strings.Cut(string(page), "byte by byte")
	explained, _, _ = strings.Cut(explained, "\n## ")
	var all strings.Builder
	for _, row := range byteRow.FindAllStringSubmatch(explained, -1) {
		all.WriteString(strings.ReplaceAll(row[1], " ", ""))
	}
	for _, row := range rows {
		if row[2] == all.String() {
			return
		}
	}
	t.Errorf("the example that is explained byte by byte is none of the table: %s", all.String())
}
