package chaos

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

const compressed = "Content-Encoding: gzip\r\n"

// compressedReply is a jsonReply, compressed.
func compressedReply(status int, message string) string {
	return reply(status, isJSON+compressed, gzipped(fmt.Sprintf(`{"message":%q}`, message)))
}

// bomb is a quarter of a GiB, compressed.
func bomb() string {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	block := []byte("zero " + strings.Repeat("0", 1<<20))
	for range 256 {
		_, _ = w.Write(block)
	}
	_ = w.Close()
	return b.String()
}

// One message is refused with a compressed answer. It is read as if it were not compressed, within bounds.
func TestCompressedRefusalIsRead(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for i, tt := range []struct {
		name, answer string
		logged       string
		tries        int // Of the refused message; 1: it is dropped.
	}{
		{"a 400", compressedReply(400, "the topic is not valid"), "the topic is not valid", 1},
		{"a 429 that names a size", compressedReply(429, "Message size limit exceeded"), "size limit", 1},
		{"a 429 for the rate", compressedReply(429, "the rate is too high"), "the rate is too high", 2},
		{"a 400 of a quarter of a GiB", reply(400, compressed, bomb()), "400 zero", 1},
		{"a 400 that is not compressed after all", reply(400, compressed, "plain words"), "400", 1},
	} {
		for _, f := range forms(i, 2) {
			t.Run(tt.name+", "+f.String(), func(t *testing.T) {
				t.Parallel()
				const messages, refused = 20, "13"
				w := f.start(t, 1, func(p *peer) {
					for r := p.next(); r != nil; r = p.next() {
						if r.payload == refused && len(p.s.of(refused)) == 1 {
							p.refuse(r, tt.answer)
							continue
						}
						p.accept(r, noContent)
					}
				}, settings{})
				w.publish(0, messages)
				var dropped map[string]int
				if tt.tries == 1 {
					dropped = map[string]int{"rejected": 1}
				}
				w.carried(messages, dropped)
				if n := len(w.e.of(refused)); n != tt.tries {
					t.Errorf("the message was tried %d times, want %d", n, tt.tries)
				}
				if log := w.daemon.Output(); !strings.Contains(log, tt.logged) {
					t.Errorf("the log does not say %q", tt.logged)
				}
				if peak := w.daemon.PeakMemory(); peak > 150<<20 {
					t.Errorf("%d MiB at the peak", peak>>20)
				}
			})
		}
	}
}
