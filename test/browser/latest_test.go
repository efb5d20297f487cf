package browser

import (
	"slices"
	"testing"
)

// Sequence 0 begins with the latest message, a page has 64 bits, and a topic that begins anew says so: proto/
// cachepubsub.proto of momentohq/client-protos at 6295b59, _SubscriptionRequest and _Discontinuity.
func TestSubscriberBeginsWithTheLatestAndKeepsItsPlaceOnAnyPage(t *testing.T) {
	c, page := newTopic(t), openTab(t)
	page.look(1280, "light")
	const large = `{"page": 9223372036854775809, "poll_timeout": "50ms"}`
	if err := c.emulator.Set(t.Context(), large); err != nil {
		t.Fatal(err)
	}
	plain := func(text string) { c.publish("text/plain", []byte(text)) }
	plain("earlier")
	plain("latest")
	page.open(c.link("yes"))
	page.counted(1, 1, 0, 0)
	plain("new")
	page.counted(2, 2, 0, 0)
	if got := page.rows("message"); !slices.Equal(got, []string{"new", "latest"}) {
		t.Errorf("the list has %q", got)
	}
	page.open(c.link("yes")) // Loaded again.
	plain("next")
	page.counted(1, 1, 0, 0)
	if err := c.emulator.Set(t.Context(), `{"page": 9223372036854775810}`); err != nil { // The same, when it is rounded.
		t.Fatal(err)
	}
	plain("anew")
	page.counted(2, 2, 0, 1)
	page.await(`document.querySelector('#list li.gap') !== null`)
	wantQuiet(t, c, page)
}
