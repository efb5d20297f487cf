package source

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// A dead letter that was cut is replayed whole from the stream of its message, or not at all.
func TestReplayCompletesCutDeadLettersOrRefusesThem(t *testing.T) {
	t.Parallel()
	js, dead, letters := graves(t, 0, jetstream.StreamConfig{MaxMsgSize: 2000})
	origin, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"a.>"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for i := range 4 {
		payload := fmt.Sprint(i, strings.Repeat("x", 5000))
		ack, err := js.Publish(t.Context(), "a.b", []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		stored, err := origin.GetMsg(t.Context(), ack.Sequence)
		if err != nil {
			t.Fatal(err)
		}
		when := stored.Time.UnixNano()
		if i == 3 { // The stream was made anew since: the same sequence, another message.
			when--
		}
		m, r := rejected("a.b", nil, []byte(payload))
		m.Handle.(*delivery).reply = fmt.Sprintf("$JS.ACK.S.C.1.%d.1.%d.0", ack.Sequence, when)
		if err := letters.Keep(m, r); err != nil {
			t.Fatal(err)
		}
		want[payload] = i < 2
	}
	core := &pipeline.Message{Payload: make([]byte, 5000), Handle: &nats.Msg{Subject: "a.b"}}
	if err := letters.Keep(core, pipeline.Rejection{Route: "r", Reason: "bad_request"}); err != nil {
		t.Fatal(err)
	}
	if err := origin.DeleteMsg(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	var log syncBuffer
	replay, err := NewReplay(letters.conn, "dead.r", func(Letter) bool { return true },
		slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = replay.Run(t.Context(),
		map[string]ReplayRoute{"r": {Template: subjectTemplate(t, ">"), Submit: func(m pipeline.Message) {
			n++
			if !want[string(m.Payload)] {
				t.Errorf("a message of %d bytes is replayed, want the two whole ones", len(m.Payload))
			}
			replay.Settle(m.Handle, pipeline.Published)
		}}}, func() {})
	if counts := replay.Counts(); err != nil || n != 2 || counts.Rejected["truncated"] != 3 || counts.Published != 2 {
		t.Errorf("replayed %d, %+v, %v", n, counts, err)
	}
	if info, err := dead.Info(t.Context()); err != nil || info.State.Msgs != 3 {
		t.Errorf("%d dead letters are left, %v", info.State.Msgs, err)
	}
	for _, why := range []string{
		"message 3 of the stream S", "message 4 of the stream S is another one now",
		"core NATS, which keeps nothing",
	} {
		if !strings.Contains(log.String(), why) {
			t.Errorf("the log does not say %q:\n%s", why, log.String())
		}
	}
}
