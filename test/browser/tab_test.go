package browser

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"momento-bridge/test/browser/show"
	"momento-bridge/test/lab"
)

// checks are functions that look at the page from inside.
//
//go:embed checks.js
var checks string

// tab is a tab of the browser. It notes what the page asks for and complains of.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex // Guards the following.
	requests   []string   // URLs.
	complaints []string   // Errors and warnings of the console, violations of the content policy among them.
}

func openTab(t *testing.T) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(chrome)
	t.Cleanup(closeTab)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, e.Entry.Text)
	}
}

// seen returns what was noted so far.
func (b *tab) seen() (requests, complaints []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.requests...), append([]string{}, b.complaints...)
}

// look sets the size and the scheme: light or dark.
func (b *tab) look(width int64, scheme string) {
	b.t.Helper()
	if err := show.Look(b.ctx, width, 900, scheme); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) withoutScript() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) open(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) press(key string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(key)); err != nil {
		b.t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wrong runs one of the checks, which returns what is wrong.
func (b *tab) wrong(call string) []string {
	b.t.Helper()
	return ask[[]string](b, "(() => {"+checks+"\nreturn "+call+"})()")
}

// check wants nothing to be wrong.
func (b *tab) check(call string) {
	b.t.Helper()
	if wrong := b.wrong(call); len(wrong) > 0 {
		b.t.Errorf("%s: %s", call, strings.Join(wrong, "\n\t"))
	}
}

// patience is far more than anything takes, also on a machine that does much else.
const patience = time.Minute

// awaitCheck wants nothing to be wrong any more after a while.
func (b *tab) awaitCheck(call string) {
	b.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end) && len(b.wrong(call)) > 0; {
		time.Sleep(200 * time.Millisecond)
	}
	b.check(call)
}

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.t.Helper()
	lab.Eventually(b.t, patience, expression, func() bool { return ask[bool](b, expression) })
}

const isLive = `document.getElementById('live').dataset.live === 'yes'`
