package canary

import (
	"strings"
	"testing"
	"time"
)

func TestAPayloadIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, p := range []Payload{
		{Replica: "a", Number: 1, Sent: time.Unix(0, 0)},
		{Replica: NewReplica(), Number: 1<<64 - 1, Sent: time.Unix(0, 1<<63-1)},
		{Replica: strings.Repeat("x", MaxReplica), Number: 7, Sent: time.Unix(0, -1<<63)},
	} {
		data := p.Bytes()
		if len(data) > MaxSize {
			t.Errorf("%q has %d bytes, more than MaxSize", data, len(data))
		}
		read, err := Read(data)
		if err != nil || read.Replica != p.Replica || read.Number != p.Number || !read.Sent.Equal(p.Sent) {
			t.Errorf("read %+v, %v from %q", read, err, data)
		}
	}
}

func TestWhatIsNoCanaryIsForeign(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "hello", mark, mark + " a 1", mark + " a 1 2 3", mark + " a 0 2", mark + " a 01 2", mark + " a +1 2",
		mark + " a 1 -0", mark + " a -1 2", mark + "  1 2", mark + " a\n 1 2", mark + " a 1 2\n", " " + mark + " a 1 2",
		"momento-bridge-canary/2 a 1 2", mark + " " + strings.Repeat("x", MaxReplica+1) + " 1 2",
		mark + " a 99999999999999999999 2", strings.Repeat("x", 1<<20),
	} {
		if p, err := Read([]byte(text)); err == nil {
			t.Errorf("%.60q was read as %+v", text, p)
		}
	}
}

func FuzzWhatIsReadIsWhatIsWritten(f *testing.F) {
	f.Add(Payload{Replica: "a", Number: 1, Sent: time.Unix(1, 2)}.Bytes())
	f.Add([]byte(mark + " a 01 2"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Read(data)
		if err == nil && string(p.Bytes()) != string(data) {
			t.Errorf("%q was read as what is written %q", data, p.Bytes())
		}
	})
}
