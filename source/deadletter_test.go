package source

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// graves returns JetStream of a small server and the dead letters of dead.r.
func graves(t *testing.T, maxPayload int32,
	cfg jetstream.StreamConfig,
) (jetstream.JetStream, jetstream.Stream, *DeadLetters) {
	t.Helper()
	s := startServer(t, server.Options{
		JetStream: true, StoreDir: t.TempDir(), MaxPayload: maxPayload,
		MaxPending: 64 << 20,
	})
	conn := connect(t, ConnectConfig{URL: s.ClientURL()})
	js := jetStream(t, conn)
	cfg.Name, cfg.Subjects = "DEAD", []string{"dead.>"}
	stream, err := js.CreateStream(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	letters, err := NewDeadLetters(conn, "dead.r", quiet())
	if err != nil {
		t.Fatal(err)
	}
	return js, stream, letters
}

func rejected(subject string, h nats.Header, payload []byte) (*pipeline.Message, pipeline.Rejection) {
	handle := &delivery{
		original: original{subject: subject, header: h}, reply: "$JS.ACK.S.C.1.7.1.1700000000000000000.0",
	}
	return &pipeline.Message{Payload: payload, Handle: handle},
		pipeline.Rejection{Route: "r", Reason: "bad_request", Status: 400, Attempts: 1, Detail: "400 no"}
}

func TestDeadLetterAlwaysFits(t *testing.T) {
	t.Parallel()
	const maxPayload = 100_000
	filled := func(n int) []byte { return []byte(strings.Repeat("x", n)) }
	header := func(n int) nats.Header { return nats.Header{"Small": {"s"}, "Large": {strings.Repeat("h", n)}} }
	tests := map[string]struct {
		stream    jetstream.StreamConfig
		header    nats.Header
		payload   int
		truncated string
		least     int // Bytes of payload that are kept.
		cut       string
	}{
		"what fits is whole": {jetstream.StreamConfig{}, header(10), 99_000, "", 99_000, ""},
		"nearly the server's max_payload": {
			jetstream.StreamConfig{},
			header(10), maxPayload - 40,
			fmt.Sprint(maxPayload - 40), 99_000, "",
		},
		"larger than the stream's max_msg_size": {
			jetstream.StreamConfig{MaxMsgSize: 2000},
			header(10), 50_000,
			"50000", 1000, "",
		},
		"headers larger than JetStream takes": {jetstream.StreamConfig{}, header(65_400), 10, "", 10, "1"},
		"headers larger than the stream takes": {
			jetstream.StreamConfig{MaxMsgSize: 1000},
			header(3000), 5000,
			"5000", 10, "1",
		},
		"hardly room for why and where from": {
			jetstream.StreamConfig{MaxMsgSize: 420},
			header(3000), 5000,
			"5000", 0, "2",
		},
		"headers and payload fill it to the brim": {
			jetstream.StreamConfig{},
			header(60_000), 39_900, "39900",
			30_000, "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, stream, letters := graves(t, maxPayload, tt.stream)
			m, r := rejected("a.b", tt.header, filled(tt.payload))
			if err := letters.Keep(m, r); err != nil {
				t.Fatal(err)
			}
			got, err := stream.GetLastMsgForSubject(t.Context(), "dead.r")
			if err != nil {
				t.Fatal(err)
			}
			if got.Header.Get("Momento-Bridge-Truncated") != tt.truncated || len(got.Data) < tt.least ||
				len(got.Data) > tt.payload {
				t.Errorf("truncated %q, %d bytes kept", got.Header.Get("Momento-Bridge-Truncated"), len(got.Data))
			}
			if cut := got.Header.Get("Momento-Bridge-Headers-Cut"); cut < tt.cut || tt.cut == "" && cut != "" {
				t.Errorf("headers cut: %q, want %q", cut, tt.cut)
			}
			for name, want := range map[string]string{
				"Reason": "bad_request", "Stream": "S", "Sequence": "7",
				"Route": "r", "Subject": "a.b",
			} {
				if have := got.Header.Get("Momento-Bridge-" + name); have != want {
					t.Errorf("%s is %q, want %q", name, have, want)
				}
			}
		})
	}
}

// Without the permission to look at the stream, what it takes is found by trying.
func TestDeadLetterFitsWhereTheStreamMayNotBeLookedAt(t *testing.T) {
	t.Parallel()
	deny := &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.INFO.>"}}}
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir(), Users: []*server.User{
		{Username: "admin", Password: "p"}, {Username: "bridge", Password: "p", Permissions: deny},
	}})
	at := func(user string) *nats.Conn { return connect(t, ConnectConfig{URL: userURL(s, user)}) }
	js := jetStream(t, at("admin"))
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "DEAD", Subjects: []string{"dead.>"},
		MaxMsgSize: 10_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	letters, err := NewDeadLetters(at("bridge"), "dead.r", quiet())
	if err != nil {
		t.Fatal(err)
	}
	m, r := rejected("a.b", nil, make([]byte, 500_000))
	if err := letters.Keep(m, r); err != nil {
		t.Fatal(err)
	}
	got, err := stream.GetLastMsgForSubject(t.Context(), "dead.r")
	if err != nil || len(got.Data) < 4000 || got.Header.Get("Momento-Bridge-Truncated") != "500000" {
		t.Errorf("kept %v, %v", got, err)
	}
}

func TestDeadLetterStreamThatTakesNoneIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	full := jetstream.StreamConfig{MaxMsgs: 1, Discard: jetstream.DiscardNew}
	tests := map[string]struct {
		cfg  jetstream.StreamConfig
		want []string
	}{
		"full of messages": {full, []string{
			"the stream DEAD is full", "nats stream purge DEAD",
			"nats stream edit DEAD",
		}},
		"full of bytes": {
			jetstream.StreamConfig{MaxBytes: 700, Discard: jetstream.DiscardNew},
			[]string{"the stream DEAD is full"},
		},
		"too small for any": {
			jetstream.StreamConfig{MaxMsgSize: 100},
			[]string{"not even a dead letter without payload", "the stream DEAD", "--max-msg-size"},
		},
		"full for the subject": {jetstream.StreamConfig{
			MaxMsgsPerSubject: 1, DiscardNewPerSubject: true,
			Discard: jetstream.DiscardNew,
		}, []string{"the stream DEAD is full"}},
		"one that acknowledges never": {
			jetstream.StreamConfig{NoAck: true},
			[]string{"no stream acknowledges dead letters on dead.r", "no_ack"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, letters := graves(t, 0, tt.cfg)
			var err error
			for i := range 2 { // The second of them is one too many.
				m, r := rejected("a.b", nil, make([]byte, 10))
				m.Handle.(*delivery).reply = fmt.Sprintf("$JS.ACK.S.C.1.%d.1.1700000000000000000.0", i+1)
				if err = letters.Keep(m, r); err != nil {
					break
				}
			}
			if err == nil {
				t.Fatal("both are kept")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q, want %q in it", err, want)
				}
			}
		})
	}
}

func TestDeadLetterSaysThatNoStreamTakesItAnyMore(t *testing.T) {
	t.Parallel()
	js, _, letters := graves(t, 0, jetstream.StreamConfig{})
	if err := js.DeleteStream(t.Context(), "DEAD"); err != nil {
		t.Fatal(err)
	}
	m, r := rejected("a.b", nil, nil)
	if err := letters.Keep(m, r); err == nil || !strings.Contains(err.Error(),
		"publish the dead letter to dead.r (does a stream take that subject?): create one") {
		t.Errorf("Keep = %v", err)
	}
}

func TestDeadLettersCountTheirHopsAndNeverComeRound(t *testing.T) {
	t.Parallel()
	journey := func(h nats.Header, arrived, to string) (nats.Header, error) {
		c := maps.Clone(h)
		return c, (&DeadLetters{subject: to}).travel(c, arrived)
	}
	h := nats.Header{}
	var err error
	// A chain is fine.
	for i, stop := range []struct{ arrived, to string }{{"a", "dead.a"}, {"dead.a", "dead.b"}, {"dead.b", "dead.c"}} {
		if h, err = journey(h, stop.arrived, stop.to); err != nil || h.Get("Momento-Bridge-Hops") != fmt.Sprint(i+1) {
			t.Fatalf("hop %d: %v, %v", i+1, h, err)
		}
	}
	for _, to := range []string{"dead.a", "dead.b", "dead.c"} {
		if _, err := journey(h, "dead.c", to); !errors.Is(err, pipeline.ErrRoundTrip) {
			t.Errorf("to %s again: %v", to, err)
		}
	}
	if _, err := journey(h, "a", "dead.a"); err != nil {
		t.Errorf("what an operator sends again by hand is refused: %v", err)
	}
	n := 0
	for h = (nats.Header{}); ; n++ { // By ways that change subjects.
		if h, err = journey(h, fmt.Sprint("from.", n), "dead.a"); err != nil {
			break
		}
	}
	if n != maxHops {
		t.Errorf("%d hops, want %d", n, maxHops)
	}
	if h, err := journey(nats.Header{"Momento-Bridge-Route": {"old"}}, "dead.x", "dead.a"); err != nil ||
		h.Get("Momento-Bridge-Hops") != "2" {
		t.Errorf("a dead letter of a version that did not count: %v, %v", h, err)
	}
}
