package momentosdk

import (
	"testing"

	"momento-bridge/emulator"
)

// The second page is one that JavaScript's numbers do not hold: the SDKs ask for another when they subscribe again, so
// that they are told of a break, and of the last message a second time. It is why the emulator's pages are seconds.
func TestSDKsFollowATopicFromPageToPage(t *testing.T) {
	t.Parallel()
	const seconds, huge = 1748358253, 1<<63 + 1
	cfg := emulator.Config{
		APIKey: "the-key", Tokens: map[string]string{"a-token": "orders"}, Caches: []string{"c"},
		Settings: emulator.Settings{Documented: emulator.Documented{Page: seconds}},
	}
	server, e := serveEmulator(t, cfg)
	g := startGateway(t, e)
	w := newWitness(t, g)
	publish := func(key, body string) {
		t.Helper()
		by := endpoint{url: e.url, key: key}
		if err := by.publish(t.Context(), "c", "t", text, body); err != nil {
			t.Fatal(err)
		}
	}
	want := []event{}
	expect := func(more ...event) {
		t.Helper()
		want = append(want, more...)
		for _, sdk := range sdks {
			for i, got := range w.await(sdk, "t", len(want)) {
				if i < len(want) && !same(got, want[i]) {
					t.Fatalf("%s: its user is called with %+v, want %+v", sdk, got, want[i])
				}
			}
		}
	}
	resume := func(sequence, page uint64) {
		t.Helper()
		for _, sdk := range sdks {
			if got := g.resumed(t, sdk, "t"); got.sequence != sequence || got.page != page {
				t.Errorf("%s: goes on at %d of page %d, want %d of %d", sdk, got.sequence, got.page, sequence, page)
			}
		}
	}
	w.subscribe(e.key, "t")
	publish("a-token", "one")
	publish(e.key, "two")
	expect(
		event{On: "item", Text: "one", Sequence: 1, Publisher: "orders"},
		event{On: "item", Text: "two", Sequence: 2},
	)
	resume(3, seconds)
	publish(e.key, "three")
	expect(event{On: "item", Text: "three", Sequence: 3})

	cfg.Page = huge
	if err := server.Set(cfg.Settings); err != nil {
		t.Fatal(err)
	}
	expect(event{On: "discontinuity", New: 1, Page: huge})
	publish(e.key, "four")
	expect(event{On: "item", Text: "four", Sequence: 1})
	resume(2, 1<<63)
	expect(event{On: "discontinuity", New: 1, Page: huge}, event{On: "item", Text: "four", Sequence: 1})
}
