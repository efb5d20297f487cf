package browser

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"momento-bridge/test/browser/show"
	"momento-bridge/test/lab"
)

// total reads a route's number from the page, without what stands between thousands.
func (b *tab) total(route, path string) int {
	b.t.Helper()
	text := ask[string](b,
		fmt.Sprintf(`[...document.querySelectorAll('[data-v="received"]')].map((td) => td.closest('tr'))
		.find((tr) => tr.querySelector('[data-v=name]').textContent === %q).querySelector('[data-v=%q]').textContent`, route, path))
	n, err := strconv.Atoi(strings.ReplaceAll(text, "\u202f", ""))
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// feed publishes until the returned function is called, which says how many messages there were.
func feed(t *testing.T, l *show.Show, subject string, perSecond float64) (stop func() int) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		n, err := l.Feed(ctx, subject, perSecond, 0)
		if err != nil {
			t.Error(err)
		}
		done <- n
	}()
	return func() int {
		cancel()
		return <-done
	}
}

// contents are the values that the page shows, with their names; not those that go on with time.
const contents = `[...document.querySelectorAll('[data-v]')].filter((el) => !/^age$|\.ago$/.test(el.dataset.v))
	.map((el) => el.dataset.v + ' ' + el.textContent)`

func TestPageFollowsTheDaemonWithoutBeingLoadedAgain(t *testing.T) {
	l := startShow(t, show.Config{Caches: []string{"shop", "audit"}})
	page := openTab(t)
	page.look(1280, "light")
	page.open(l.Admin)
	ask[bool](page, "window.loadedOnce = true")
	page.await(isLive)

	stopOrders, stopPrices := feed(t, l, "orders", 60), feed(t, l, "prices", 30)
	last, rose := 0, 0
	for deadline := time.Now().Add(patience); rose < 4 && time.Now().Before(deadline); time.Sleep(
		300 * time.Millisecond) {
		n := page.total("orders", "received")
		if n < last {
			t.Errorf("the total of what was received fell from %d to %d", last, n)
		}
		if n > last {
			rose++
		}
		last = n
	}
	if rose < 4 {
		t.Errorf("the total changed only %d times in %v", rose, patience)
	}
	page.await(`document.querySelector('h1').textContent === 'publishing' && ` +
		`document.title === 'publishing · momento-bridge'`)
	page.awaitCheck(`drawn([['--in', '--out'], ['--waiting'], ['--in'], ['--in', '--waiting']])`)

	hover(t, page)
	throttle(t, l, page)
	orders, prices := stopOrders(), stopPrices()
	compareTotals(t, l, page, orders, prices)
	compareWithoutScript(t, l, page)

	requests, complaints := page.seen()
	for _, url := range requests {
		if !strings.HasPrefix(url, l.Admin+"/") {
			t.Errorf("the page asks for %s", url)
		}
	}
	if len(complaints) > 0 {
		t.Errorf("the console says %q", complaints)
	}
	restart(t, l, page)
}

// hover points at a chart: all charts then say which second the numbers beside them are of.
func hover(t *testing.T, page *tab) {
	t.Helper()
	box := ask[[]float64](page,
		`(() => { const b = document.querySelector('.u-over').getBoundingClientRect(); return [b.right - 6, b.top + `+
			`b.height / 2]; })()`)
	if err := chromedp.Do(page.ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, box[0],
		box[1])); err != nil {
		t.Fatal(err)
	}
	page.await(`[...document.querySelectorAll('.when')].filter((el) => /^\d\d:\d\d:\d\d ` +
		`UTC$/.test(el.textContent)).length === 4`)
	if err := chromedp.Do(page.ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 1)); err != nil {
		t.Fatal(err)
	}
	page.await(`[...document.querySelectorAll('.when')].every((el) => el.textContent === '')`)
}

// throttle lets the endpoint refuse for a while.
func throttle(t *testing.T, l *show.Show, page *tab) {
	t.Helper()
	if err := l.Endpoint(t.Context(), `{"rate": 10, "burst": 10}`); err != nil {
		t.Fatal(err)
	}
	page.await(`['throttled', 'behind'].includes(document.querySelector('h1').textContent)`)
	page.await(`document.querySelector('.limited').textContent.includes('quota')`)
	page.await(`document.querySelector('[data-some=problems]').checkVisibility() && ` +
		`document.querySelector('[data-list=problems]').textContent.includes('429')`)
	page.await(`document.querySelector('link[rel=icon]').href.endsWith('/warn.svg') && ` +
		`document.getElementById('said').textContent !== ''`)
	page.awaitCheck(`drawn([['--in', '--refused'], ['--waiting', '--held'], ['--in', '--held'], ['--in', '--waiting']])`)
	if err := l.Endpoint(t.Context(), `{"rate": 0}`); err != nil {
		t.Fatal(err)
	}
}

// compareTotals compares what the page says at the end with what the daemon says, and with what was sent.
func compareTotals(t *testing.T, l *show.Show, page *tab, orders, prices int) {
	t.Helper()
	var s show.Status
	lab.Eventually(t, 2*patience, "nothing waits any more and rates are zero", func() bool {
		var err error
		if s, err = l.Status(); err != nil {
			t.Fatal(err)
		}
		return s.Queue.Waiting == 0 && s.Queue.InFlight == 0 && s.Rates.Out == 0 && s.Rates.In == 0 &&
			s.Rates.Refused == 0
	})
	page.await(`document.querySelector('h1').textContent === 'idle'`)
	for _, r := range s.Routes {
		received, published := page.total(r.Name, "received"), page.total(r.Name, "settled.published")
		if received != r.Received || published != r.Settled["published"] {
			t.Errorf(
				"%s: the page says %d received and %d published, the status %d and %d", r.Name, received, published,
				r.Received, r.Settled["published"])
		}
		if want := map[string]int{"orders": orders, "prices": prices}[r.Name]; received != want {
			t.Errorf("%s: %d received, %d sent", r.Name, received, want)
		}
	}
}

// compareWithoutScript compares the page, which has followed the daemon so far, with one that is loaded without script:
// the same in every value.
func compareWithoutScript(t *testing.T, l *show.Show, page *tab) {
	t.Helper()
	plain := openTab(t)
	plain.withoutScript()
	var followed, rendered []string
	same := func() bool { // Some values, such as the latency, are of a time that passes.
		plain.open(l.Admin)
		followed, rendered = ask[[]string](page, contents), ask[[]string](plain, contents)
		return slices.Equal(followed, rendered) && len(followed) >= 60
	}
	if lab.Await(t.Context(), patience, "both are the same", same) != nil {
		t.Errorf("the page that followed says\n%q\nwithout script it says\n%q", followed, rendered)
	}
	if text := ask[string](plain, `document.body.innerText`); !strings.Contains(text,
		"Idle: nothing comes and nothing waits.") || !strings.Contains(text, "load it again") {
		t.Errorf("without script the page says\n%s", text)
	}
	if ask[bool](plain, `document.getElementById('charts').checkVisibility()`) {
		t.Error("without script there are empty charts")
	}
	plain.check("fits()")
	plain.check("textContrast()")
}

const (
	isStale    = `document.getElementById('stale').checkVisibility() && document.title.startsWith('not live')`
	isLiveAnew = isLive + ` && !document.getElementById('stale').checkVisibility() && window.loadedOnce`
)

// restart lets the daemon stand still and go on, and then stops it and starts it again. The page must tell of each.
func restart(t *testing.T, l *show.Show, page *tab) {
	t.Helper()
	l.Freeze()
	page.await(isStale)
	l.Thaw()
	page.await(isLiveAnew)
	l.StopDaemon()
	page.await(isStale)
	if text := ask[string](page, `document.getElementById('stale').innerText`); !strings.Contains(text,
		"Not live: nothing has come from the daemon since ") {
		t.Errorf("the page says %q", text)
	}
	page.look(1280, "dark") // Nothing else draws the charts again now.
	page.awaitCheck(`drawn([['--in', '--out'], ['--waiting'], ['--in'], ['--in']])`)
	for _, scheme := range []string{"light", "dark"} {
		page.look(360, scheme)
		page.check("fits()")
		page.check("textContrast()")
	}
	if err := l.StartDaemon(t.Context()); err != nil {
		t.Fatal(err)
	}
	page.await(isLiveAnew)
}
