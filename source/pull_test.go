package source

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// Each status that nats-server 2.15 ends a request with. One request for 10 messages is open, of which 4 have come.
func TestEachStatusEndsARequestAsItShould(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status, text, pending string
		request               uint64
		asked, open           int // After it.
		lost, trouble         bool
	}{
		"heartbeat":             {"100", "Idle Heartbeat", "", 7, 6, 1, false, false},
		"expired":               {"408", "Request Timeout", "6", 7, 0, 0, false, false},
		"served":                {"409", "Batch Completed", "0", 7, 6, 0, false, false},
		"too large":             {"409", "Message Size Exceeds MaxBytes", "6", 7, 0, 0, false, false},
		"leadership change":     {"409", "Leadership Change", "", 7, 0, 0, false, true},
		"server shutdown":       {"409", "Server Shutdown", "6", 7, 0, 0, false, true},
		"too many requests":     {"409", "Exceeded MaxWaiting", "", 7, 0, 0, false, true},
		"too large a batch":     {"409", "Exceeded MaxRequestBatch of 5", "", 7, 0, 0, false, true},
		"consumer deleted":      {"409", "Consumer Deleted", "", 7, 0, 0, true, false},
		"nobody listens":        {"503", "", "", 7, 0, 0, true, false},
		"a status of tomorrow":  {"499", "Whatever", "", 7, 0, 0, false, true},
		"of a request long ago": {"408", "Request Timeout", "10", 3, 6, 1, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := &puller{
				route: anyRoute(), changed: make(chan struct{}, 1), inbox: "_INBOX.x", last: 7, void: 3,
				asked: 10, open: 1, share: newWindow(mostOutstanding).join(func() {}), granted: 1000,
			}
			for range 4 {
				p.receive(&nats.Msg{Subject: "a.b", Reply: "$JS.ACK.x", Data: []byte("x")})
			}
			m := &nats.Msg{
				Subject: "_INBOX.x." + strconv.FormatUint(tt.request, 10),
				Header:  nats.Header{"Status": {tt.status}, "Description": {tt.text}},
			}
			if tt.pending != "" {
				m.Header.Set("Nats-Pending-Messages", tt.pending)
			}
			if p.receive(m) {
				t.Error("taken for a message")
			}
			if p.asked != tt.asked || p.open != tt.open || (p.lost != nil) != tt.lost ||
				(p.trouble != "") != tt.trouble {
				t.Errorf("asked %d, open %d, lost %v, trouble %q", p.asked, p.open, p.lost, p.trouble)
			}
			if tt.lost && !errors.Is(p.lost, errLost) {
				t.Errorf("lost = %v", p.lost)
			}
			if wait := time.Until(p.notUntil); tt.trouble && (wait <= 0 || wait > longestWait) {
				t.Errorf("the next request waits %v", wait)
			}
		})
	}
}

// A consumer may allow small requests only; what is larger than a request allows is asked for alone.
func TestRequestsKeepWithinWhatTheConsumerAllows(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 50)
	if _, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: "momento-bridge-r", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute, FilterSubject: "a.>",
		MaxRequestBatch: 7, MaxRequestExpires: 2 * time.Second, MaxRequestMaxBytes: 4096,
	}); err != nil {
		t.Fatal(err)
	}
	src := newJetStream(t, conn)
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, accepted)
	eventually(t, "all published", func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Published] == 50 })
	if stats := s.stop(); stats.Redelivered != 0 {
		t.Errorf("%d redelivered", stats.Redelivered)
	}
}
