package source

import (
	"testing"

	"github.com/nats-io/nats.go"
)

// What a reply subject says is read as the client library reads it.
func FuzzReplyMeansWhatTheClientReads(f *testing.F) {
	for _, reply := range []string{
		"$JS.ACK.ORDERS.bridge.1.42.7.1700000000123456789.99",
		"$JS.ACK.hub.ACC.ORDERS.bridge.3.42.7.1700000000123456789.0",
		"$JS.ACK._.ACC.ORDERS.bridge.3.42.7.1700000000123456789.0.x1y2",
		"$JS.ACK.ORDERS.bridge.1.42.7.1700000000123456789",
		"$JS.ACK.ORDERS.bridge.one.-2..é.5",
		"_INBOX.x.1",
		"",
	} {
		f.Add(reply)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		got, ok := parseReply(reply)
		want, err := (&nats.Msg{Reply: reply, Sub: &nats.Subscription{}}).Metadata()
		if ok != (err == nil) {
			t.Fatalf("%q is read: %v; the client says %v", reply, ok, err)
		}
		if ok && (got.deliveries != want.NumDelivered || got.sequence != want.Sequence.Stream ||
			!got.stored.Equal(want.Timestamp) || got.pending != want.NumPending) {
			t.Errorf("%q is read as %+v, the client reads %+v", reply, got, want)
		}
	})
}
