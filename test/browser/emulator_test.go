package browser

import (
	_ "embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"momento-bridge/test/lab"
)

// developerPage publishes and subscribes as a web developer writes that.
//
//go:embed developer.html
var developerPage []byte

// developer is somebody who develops a page with the emulator alone.
type developer struct {
	*tab
	emulator *lab.Emulator
}

// develop opens the page from an address, with a key.
func develop(t *testing.T, address, key string, flags ...string) *developer {
	t.Helper()
	emulator, err := rig.StartEmulator(t.Context(), append([]string{
		"--api-key", "the-key", "--cache", "shop", "--page", "1748358253", "--retry-after", "1s",
	}, flags...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emulator.Stop() })
	d := &developer{openTab(t), emulator}
	d.open(address + "#" + url.Values{"endpoint": {emulator.URL}, "key": {key}}.Encode())
	return d
}

// soon waits until something is so.
func (d *developer) soon(expression string) {
	d.t.Helper()
	d.await(expression)
}

func (d *developer) set(settings string) {
	d.t.Helper()
	if err := d.emulator.Set(d.t.Context(), settings); err != nil {
		d.t.Fatal(err)
	}
}

func (d *developer) publish(contentType, body string) {
	d.t.Helper()
	if status := ask[int](d.tab, fmt.Sprintf("publish(%q, %s)", contentType, body)); status != http.StatusNoContent {
		d.t.Fatalf("a publish of %s is answered with %d", contentType, status)
	}
}

// served is the page on a server of its own.
func served(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(developerPage)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

func TestPagesCanBeDevelopedWithTheEmulatorAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, developerPage, 0o600); err != nil {
		t.Fatal(err)
	}
	for origin, address := range map[string]string{"a server": served(t), "a file": "file://" + file} {
		t.Run("from "+origin, func(t *testing.T) {
			d := develop(t, address, "the-key")
			d.publish("text/plain", "'before'") // Which a subscriber without a place gets first.
			ask[bool](d.tab, "(subscribe(), true)")
			d.soon("app.items.length === 1")
			d.publish("application/json", `JSON.stringify({n: 1})`)
			d.publish("application/octet-stream", `new Uint8Array([0, 255])`)
			d.soon("app.items.length === 3")
			got := ask[[]string](d.tab, `app.items.map(({value, topic_sequence_number, sequence_page}) =>
				[topic_sequence_number, sequence_page, value.text ?? 'bytes ' + value.binary].join(' '))`)
			want := []string{"1 1748358253 before", `2 1748358253 {"n":1}`, "3 1748358253 bytes AP8="}
			if !slices.Equal(got, want) {
				t.Errorf("the page has %q, want %q", got, want)
			}

			d.set(`{"page": 1748358999}`) // As when the service has lost the topic.
			d.soon("app.breaks.length === 1")
			d.publish("text/plain", "'after'")
			d.soon("app.items.length === 4")
			if got := ask[string](d.tab, `JSON.stringify([app.breaks[0], app.items[3].sequence_page])`); got !=
				`[{"last_topic_sequence":0,"new_sequence_page":1748358999,"new_topic_sequence":1},1748358999]` {
				t.Errorf("after the break the page has %s", got)
			}
			d.quiet()
		})
	}
}

func TestPagesSeeQuotasAsTheyWillBe(t *testing.T) {
	d := develop(t, served(t), "the-key")
	ask[bool](d.tab, "(subscribe(), true)")
	d.publish("text/plain", "'first'")
	d.soon("app.items.length === 1")
	d.set(`{"rate": 0.0001, "burst": 1}`)
	d.publish("text/plain", "'second'")
	ask[bool](d.tab, "(publish('text/plain', 'third'), true)")
	d.soon("app.answers.length >= 3")
	d.set(`{"rate": 0}`)
	d.soon("app.items.length === 3")
	if got := ask[string](d.tab, `[app.answers[2].status, app.answers[2].after, app.items[2].value.text].join(' ')`); got !=
		"429 1 third" {
		t.Errorf("beyond the quota the page is told, and at last gets, %q", got)
	}
	d.quiet("429")
}

func TestPagesAreToldOfAWrongKey(t *testing.T) {
	d := develop(t, served(t), "another")
	ask[bool](d.tab, "(subscribe(), true)")
	d.soon("app.state === 'refused 401 invalid token'")
	if status := ask[int](d.tab, "publish('text/plain', 'x')"); status != http.StatusUnauthorized {
		t.Errorf("a publish is answered with %d", status)
	}
	d.quiet("401")
}

// quiet wants no complaints of the browser but of requests that were answered with one of these statuses, and no
// traffic but with the page's own origin and the emulator.
func (d *developer) quiet(statuses ...string) {
	d.t.Helper()
	requests, complaints := d.seen()
	for _, complaint := range complaints {
		if !slices.ContainsFunc(statuses, func(s string) bool { return strings.Contains(complaint, " "+s+" ") }) {
			d.t.Errorf("the browser says %q", complaint)
		}
	}
	for _, url := range requests {
		if !strings.HasPrefix(url, d.emulator.URL+"/topics/") && !strings.HasPrefix(url, ask[string](d.tab,
			"location.href.replace(location.hash, '')")) && !strings.HasSuffix(url, "/favicon.ico") {
			d.t.Errorf("the page asks for %s", url)
		}
	}
}
