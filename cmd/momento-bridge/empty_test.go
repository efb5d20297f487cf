package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

func TestDeleteMarkersEndAsTheRouteSays(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("DEAD", "dead")
	bucket, err := w.js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "b", History: 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"one", "two"} {
		if _, err := bucket.PutString(t.Context(), "key", value); err != nil {
			t.Fatal(err)
		}
		if err := bucket.Delete(t.Context(), "key"); err != nil {
			t.Fatal(err)
		}
	}
	p := startDaemon(t, "-c", w.config("limits: {rate: unlimited}", `
  - {name: all, stream: KV_b, cache: c, topic: all, content_type: text/plain}
  - {name: wanted, stream: KV_b, cache: c, topic: wanted, content_type: text/plain, empty: publish}
  - {name: skip, stream: KV_b, cache: c, topic: skip, content_type: text/plain, empty: skip}
  - {name: dead, stream: KV_b, cache: c, topic: dead, content_type: text/plain, empty: dead-letter, dead_letter: {subject: dead}}`))
	for route, want := range map[string][]string{
		"all": {"one", "", "two", ""}, "skip": {"one", "two"},
		"dead": {"one", "two"},
	} {
		eventually(t, route+" is settled", func() bool {
			consumer, err := w.js.Consumer(t.Context(), "KV_b", "momento-bridge-"+route)
			return err == nil && consumer.CachedInfo().AckFloor.Stream == 4
		})
		if payloads := got.topic("c/" + route); !slices.Equal(payloads, want) {
			t.Errorf("route %s published %q, want %q", route, payloads, want)
		}
	}
	for metric, want := range map[string]float64{
		`messages_settled_total{outcome="dropped",route="skip"}`: 2, `messages_skipped_total{route="skip"}`: 2,
		`messages_skipped_total{route="all"}`:                          0,
		`messages_settled_total{outcome="dead_lettered",route="dead"}`: 2,
	} {
		if n := p.metric(metric); n != want {
			t.Errorf("%s is %g, want %g", metric, n, want)
		}
	}
	letter, err := w.lastOf("DEAD")
	if err != nil || letter.Header.Get("Momento-Bridge-Reason") != "empty" || len(letter.Data) != 0 {
		t.Errorf("the last dead letter is %+v, %v", letter, err)
	}
	if _, status := p.get("/api/v1/status"); strings.Contains(status, "Messages are lost") {
		t.Error("what is skipped is taken for lost")
	}
	log := p.log.String()
	if n := strings.Count(log, "as empty texts"); n != 1 ||
		!strings.Contains(log, "route all publishes messages without bytes") {
		t.Errorf("%d warnings of empty texts, want one for the route that does not say what it wants", n)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

// lastOf returns the last message of a stream.
func (w *world) lastOf(stream string) (*jetstream.RawStreamMsg, error) {
	s, err := w.js.Stream(w.t.Context(), stream)
	if err != nil {
		return nil, err
	}
	return s.GetMsg(w.t.Context(), s.CachedInfo().State.LastSeq)
}
