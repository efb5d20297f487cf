package browser

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// hostile is what must be shown as it is: markup that would run, and characters that turn text round.
const hostile = `{"name": "<img src=x onerror='window.strange = 1'></script><script>window.strange = 1</script>` +
	"\u202e\u0007\"}"

// subscribe opens the page from the topic's first publish on.
func (c *topic) subscribe(b *tab) {
	c.t.Helper()
	b.open(c.link("no"))
	ask[bool](b, fmt.Sprintf(`localStorage.setItem('momento-bridge position ' + JSON.stringify([%q, 'shop', 'orders/1']),
		JSON.stringify({next: 1, page: 0})) === undefined`, c.emulator.URL))
	b.open(c.link("yes"))
}

// counted awaits what the tiles say.
func (b *tab) counted(messages, publishes, repeats, gaps int) {
	b.t.Helper()
	b.await(fmt.Sprintf(`['messages', 'publishes', 'repeats', 'gaps']
		.map((id) => document.getElementById(id).textContent).join(' ') === '%d %d %d %d'`, messages, publishes, repeats,
		gaps))
}

// rows are the texts of the list, the newest first.
func (b *tab) rows(kind string) []string {
	b.t.Helper()
	return ask[[]string](b, `[...document.querySelectorAll('#list li.`+kind+` .payload')].map((el) => el.textContent)`)
}

func TestSubscriberShowsMessagesOnceAndTellsOfGaps(t *testing.T) {
	c, page := newTopic(t), openTab(t)
	page.look(1280, "light")
	c.pack(1, 0, "one", hostile)
	c.subscribe(page)
	page.counted(2, 1, 0, 0)
	c.pack(1, 0, "one", hostile) // Published again.
	page.counted(2, 2, 2, 0)
	if got, want := ask[string](page, `document.getElementById('each').textContent`), "2.0 messages in each"; got != want {
		t.Errorf("publishes have %q, want %q", got, want)
	}
	c.pack(10, 3, "ten", "eleven") // The message 7 did not come.
	page.counted(4, 3, 2, 1)
	c.publish("text/plain", []byte("plain"))
	c.publish("application/octet-stream", []byte{0xf5, 0x02, 0})
	page.counted(5, 5, 2, 1)

	want := []string{"plain", "eleven", "ten", strings.NewReplacer("\u202e", `\u202e`, "\u0007", `\u0007`).Replace(hostile), "one"}
	if got := page.rows("message"); !slices.Equal(got, want) {
		t.Errorf("the list has %q, want %q", got, want)
	}
	if got := page.rows("gap"); len(got) != 1 || !strings.Contains(got[0], "between #2 and #10") {
		t.Errorf("gaps are told as %q", got)
	}
	if got := page.rows("trouble"); len(got) != 1 || !strings.Contains(got[0], "could not be read") {
		t.Errorf("a damaged publish is told as %q", got)
	}
	if ask[bool](page, `window.strange !== undefined || document.querySelector('#list img, #list script') !== null`) {
		t.Error("a payload has become markup")
	}

	page.open(c.link("yes")) // Loaded again.
	c.pack(10, 3, "ten", "eleven")
	c.pack(12, 1, "twelve")
	page.counted(1, 2, 2, 0)
	if got := page.rows("message"); !slices.Equal(got, []string{"twelve"}) {
		t.Errorf("after it was loaded again the list has %q", got)
	}
	wantQuiet(t, c, page)
}

// wantQuiet wants no complaints, and no traffic but to the page and the endpoint.
func wantQuiet(t *testing.T, c *topic, page *tab) {
	t.Helper()
	requests, complaints := page.seen()
	if len(complaints) > 0 {
		t.Errorf("the console says %q", complaints)
	}
	for _, url := range requests {
		if !strings.HasPrefix(url, c.page+"/") && !strings.HasPrefix(url, c.emulator.URL+"/topics/shop/orders%2F1?") &&
			!strings.HasPrefix(url, "data:") {
			t.Errorf("the page asks for %s", url)
		}
	}
}

func TestSubscriberPausesAndIsBounded(t *testing.T) {
	c, page := newTopic(t), openTab(t)
	page.look(1280, "light")
	c.pack(1, 0, "before")
	c.subscribe(page)
	page.counted(1, 1, 0, 0)
	click(page, "pause")
	c.pack(2, 1, "meanwhile")
	page.await(`document.getElementById('pause').textContent === 'Go on (1 new)'`)
	if got := page.rows("message"); !slices.Equal(got, []string{"before"}) {
		t.Errorf("while it pauses the list has %q", got)
	}
	click(page, "pause")
	page.await(`document.querySelectorAll('#list li').length === 2`)

	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	c.pack(3, 1, many...)
	page.counted(502, 3, 0, 0)
	page.await(`document.querySelectorAll('#list li').length === 200`)
	if got := page.rows("message"); len(got) != 200 || got[0] != "499" {
		t.Errorf("the list has %d messages, the newest is %q", len(got), got[0])
	}
	wantQuiet(t, c, page)
}

func TestSubscriberSaysWhyItIsRefused(t *testing.T) {
	c, page := newTopic(t), openTab(t)
	page.look(1280, "light")
	page.open(strings.Replace(c.link("yes"), "the-key", "another", 1))
	page.await(`document.getElementById('state').textContent === 'refused (401)'`)
	page.await(`document.querySelector('#list li.trouble') !== null`) // Drawn with the next frame.
	if got := page.rows("trouble"); len(got) != 1 || !strings.Contains(got[0], "the key is refused") {
		t.Errorf("it is told as %q", got)
	}
	if text := ask[string](page, `document.body.innerText + location.href`); strings.Contains(text, "another") {
		t.Errorf("the key is shown:\n%s", text)
	}
}

func TestSubscriberSaysWhyItIsNotLive(t *testing.T) {
	c, page := newTopic(t), openTab(t)
	page.look(1280, "light")
	page.open(c.link("yes"))
	page.await(`document.getElementById('state').textContent === 'waiting for messages'`)
	if err := c.emulator.Stop(); err != nil {
		t.Fatal(err)
	}
	page.await(`document.querySelector('#list li.trouble') !== null`)
	page.await(`document.getElementById('state').textContent === 'not live: trying again'`)
	if got := page.rows("trouble"); len(got) != 1 || !strings.Contains(got[0], "cannot be reached") {
		t.Errorf("it is told as %q", got)
	}
}

func TestSubscriberIsGoodToLookAt(t *testing.T) {
	c, page := newTopic(t), openTab(t)
	for i := range uint64(30) {
		c.pack(2*i+1, i%2, fmt.Sprintf(`{"order": %d, "note": "%s"}`, i, strings.Repeat("long", 30)))
	}
	c.publish("application/octet-stream", []byte{0xf5, 0x02, 0})
	for _, width := range []int64{360, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			page.look(width, scheme)
			c.subscribe(page)
			page.await(`document.querySelectorAll('#list li.message').length === 30 &&
				document.querySelectorAll('#list li.gap, #list li.trouble').length >= 1`)
			for _, open := range []string{"false", "true"} {
				ask[bool](page, `(document.getElementById('connection').open = `+open+`) !== undefined`)
				for _, check := range []string{"fits()", "textContrast()", "structured()"} {
					if wrong := page.wrong(check); len(wrong) > 0 {
						t.Errorf("%d %s: %s: %s", width, scheme, check, strings.Join(wrong, "\n\t"))
					}
				}
			}
		}
	}
}

// sdk stands for Momento's web SDK, as its documentation has it.
const sdk = `export const CredentialProvider = { fromString: (key) => ({ key }) };
export const TopicConfigurations = { Browser: { latest: () => ({}) } };
export class TopicClient {
  constructor({ credentialProvider }) { window.stub = { key: credentialProvider.key }; }
  async subscribe(cache, topic, options) {
    Object.assign(window.stub, { cache, topic, ...options });
    return { unsubscribe() { window.stub.ended = true; } };
  }
}`

func TestSubscriberUsesTheSDKThatItsUserNames(t *testing.T) {
	c, page := newTopic(t), openTab(t)
	page.look(1280, "light")
	page.open(c.link("no") + "&sdk=" + url.QueryEscape(c.page+"/sdk.mjs"))
	if named := ask[string](page, `document.getElementById('sdk').value`); named != "" {
		t.Errorf("a link has named the script %s", named)
	}
	ask[bool](page, fmt.Sprintf(`(document.getElementById('sdk').value = %q) !== ''`, c.page+"/sdk.mjs"))
	click(page, "start")
	page.await(`document.getElementById('state').textContent === 'live'`)
	if got := ask[string](page, `[stub.key, stub.cache, stub.topic].join(' ')`); got != "the-key shop orders/1" {
		t.Errorf("the SDK is given %s", got)
	}
	item := func(number int, first, back uint64, payloads ...string) {
		ask[bool](page, fmt.Sprintf(`stub.onItem({ value: () => new Uint8Array([%s]), sequenceNumber: () => %d,
			sequencePage: () => 1 }) === undefined`, list(packed(first, back, payloads...)), number))
	}
	item(5, 1, 0, "one", "two")
	item(6, 1, 0, "one", "two")
	page.counted(2, 2, 2, 0)
	ask[bool](page, `stub.onDiscontinuity({ lastSequenceNumber: () => 6, newSequenceNumber: () => 9,
		newSequencePage: () => 1 }) === undefined`)
	item(9, 9, 1, "nine")
	page.counted(3, 3, 2, 1)
	if got := page.rows("message"); !slices.Equal(got, []string{"nine", "two", "one"}) {
		t.Errorf("the list has %q", got)
	}
	click(page, "connection summary") // The form is closed while messages come.
	click(page, "start")
	page.await(`stub.ended === true`)
}

// list are bytes as a script has them.
func list(b []byte) string {
	numbers := make([]string, 0, len(b))
	for _, n := range b {
		numbers = append(numbers, strconv.Itoa(int(n)))
	}
	return strings.Join(numbers, ",")
}

func click(b *tab, id string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Click("#"+id)); err != nil {
		b.t.Fatal(err)
	}
}
