package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"momento-bridge/test/browser/show"
)

// parkedLab is a daemon with something in every part of the page: a route that is parked, one that waits for the quota,
// problems.
func parkedLab(t *testing.T) *show.Show {
	t.Helper()
	l := startShow(t, show.Config{Caches: []string{"shop"}, Rate: 20, Orders: 5000})
	feed(t, l, "audit", 5)
	feed(t, l, "prices", 5)
	return l
}

func TestPageIsGoodToLookAt(t *testing.T) {
	l := parkedLab(t)
	page := openTab(t)
	for _, width := range []int64{320, 360, 768, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(fmt.Sprint(width, " ", scheme), func(t *testing.T) {
				page.t = t
				page.look(width, scheme)
				page.open(l.Admin)
				page.await(isLive + ` && document.querySelector('h1').textContent === 'parked' && ` +
					`document.querySelectorAll('[data-list=problems] tr').length > 1`)
				page.check("fits()")
				page.check("apart()")
				page.check("textContrast()")
				page.check("toneContrast()")
				page.check("lineContrast()")
				page.check("structured()")
				page.check("fitsMany()")
				page.await(`document.querySelectorAll('canvas').length === 4`)
				page.awaitCheck(`drawn([['--out'], ['--waiting'], ['--in'], ['--in']])`)
			})
		}
	}
	if _, complaints := page.seen(); len(complaints) > 0 {
		t.Errorf("the console says %q", complaints)
	}
}

func TestPageIsUsedByKeyboard(t *testing.T) {
	l := parkedLab(t)
	page := openTab(t)
	page.look(1280, "light")
	page.open(l.Admin)
	page.await(isLive)
	var order []string
	for range 9 {
		page.press(kb.Tab)
		order = append(order, ask[string](page, `document.activeElement.getAttribute('href') ?? `+
			`document.activeElement.textContent.split(' ')[0]`))
		page.awaitCheck(`(() => {
			const el = document.activeElement, style = getComputedStyle(el), box = el.getBoundingClientRect();
			const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
			const inside = box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight;
			return shown && inside ? [] : [name(el) + ' has the focus and does not show it'];
		})()`)
	}
	want := "#main Pause Pause Pause Reload /readyz /livez /metrics /api/v1/status"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("the focus goes to %s, want %s", got, want)
	}
	page.open(l.Admin)
	page.await(isLive) // Without that there are no buttons yet.
	page.press(kb.Tab)
	page.press(kb.Enter)
	page.press(kb.Tab)
	if got := ask[string](page,
		`location.hash + ' ' + document.activeElement.textContent`); got != "#main Pause" {
		t.Errorf("after the link that skips: %s", got)
	}
}

// What the daemon tells may take more room above what somebody is about to use.
func TestWhatHasTheFocusStaysInView(t *testing.T) {
	l := parkedLab(t)
	page := openTab(t)
	page.look(1280, "light")
	page.open(l.Admin)
	page.await(isLive)
	const inView = `(() => {
		const box = document.activeElement.getBoundingClientRect();
		return box.top >= 0 && box.bottom <= innerHeight;
	})()`
	grown := ask[bool](page, `(async () => {
		const button = document.querySelector('button[data-act=pause]');
		const place = () => Math.round(button.getBoundingClientRect().top + scrollY);
		const wait = (time) => new Promise((done) => setTimeout(done, time));
		for (let i = 0, before = 0; i < 10 && before !== place(); i++, await wait(3000)) before = place();
		const whole = place();
		for (const el of document.querySelectorAll('[data-v]')) {
			const text = el.textContent;
			if (el.closest('[data-row]') === null) el.textContent = ''; // The next event brings it again.
			if (place() < whole) break;
			el.textContent = text;
		}
		const small = place();
		button.focus();
		scrollTo(0, scrollY + button.getBoundingClientRect().bottom - innerHeight + 5);
		for (const end = Date.now() + 10000; Date.now() < end && place() <= small;) await wait(50);
		return place() > small + 5;
	})()`)
	if !grown || !ask[bool](page, inView) {
		t.Errorf("it was moved: %v, and is not in view: %s", grown, ask[string](page,
			`JSON.stringify([document.activeElement.getBoundingClientRect(), scrollY])`))
	}
}

func TestPageKeepsStillForThoseWhoAskForIt(t *testing.T) {
	l := parkedLab(t)
	page := openTab(t)
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{
		Name:  "prefers-reduced-motion",
		Value: "reduce",
	}}}
	if _, err := chromedp.Call(page.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	page.open(l.Admin)
	page.await(isLive)
	if n := ask[int](page, `document.getAnimations({subtree: true}).length`); n != 0 {
		t.Errorf("%d animations", n)
	}
}

func TestPolicyLetsNothingElseIn(t *testing.T) {
	l := parkedLab(t)
	page := openTab(t)
	page.open(l.Admin)
	page.await(isLive)
	ran := ask[bool](page, `(() => {
		const script = document.createElement('script');
		script.textContent = 'window.strange = true';
		document.body.append(script);
		document.body.insertAdjacentHTML('beforeend',
			'<img src="/none" onerror="window.strange = true"><p id="styled" style="color: red">x</p>');
		return window.strange === true ||
			getComputedStyle(document.getElementById('styled')).color === 'rgb(255, 0, 0)';
	})()`)
	if ran {
		t.Error("a script or a style that stands in the page is in force")
	}
	elsewhere := strings.Replace(l.Admin, "127.0.0.1", "localhost", 1)
	if ask[bool](page, fmt.Sprintf(`fetch(%q, {mode: 'no-cors'}).then(() => true, () => false)`, elsewhere)) {
		t.Error("the page can ask another origin")
	}
}

func TestManyRoutesOfLongNamesFit(t *testing.T) {
	var routes strings.Builder
	for i := range 12 {
		fmt.Fprintf(&routes, "  - {name: settlement-confirmations-%d-of-parties-in-frankfurt, subject: 'x%d.>', "+
			"cache: shop}\n", i, i)
	}
	routes.WriteString("  - {name: " + strings.Repeat("unbroken", 8) + ", subject: 'y.>', cache: shop}\n")
	l := startShow(t, show.Config{Caches: []string{"shop", "audit"}, Routes: routes.String()})
	page := openTab(t)
	for _, width := range []int64{320, 768, 1024, 1280} {
		page.look(width, "light")
		page.open(l.Admin)
		page.await(isLive)
		page.check("fits()")
		page.check("fitsMany()")
		page.check("apart()")
	}
}
