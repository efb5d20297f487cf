package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// throttledStatus is a status with something in every part.
func throttledStatus() Status {
	now := time.Date(2026, 11, 25, 17, 36, 4, 0, time.UTC)
	expires := now.Add(80 * time.Hour)
	return Status{
		Version: "v1.2.3", Now: now, Started: now.Add(-3 * time.Hour), State: Throttled, Ready: false,
		NotReady: []string{"route audit: no such cache"},
		Summary:  "The quota holds back 12 345 messages.", NATS: "nats://10.0.0.7:4222",
		Endpoint: "https://cache.example", Key: Key{Kind: "api_key", Expires: &expires},
		Rates: Rates{In: 1234.6, Out: 9.94, Refused: 0.125}, Queue: Queue{
			Messages: 4096, InFlight: 10, Bytes: 1536,
			MaxMessages: 16384, MaxBytes: 64 << 20, Waiting: 12345,
		},
		Latency: Latency{P50: new(0.0051), P99: new(1.5)},
		Quotas: []Quota{{
			Scope: "region", Rate: new(9.9), Learned: 10, State: "holding",
			Reason: "the quota as learned",
		}, {Scope: "throughput", State: "unlimited"}},
		Routes: []Route{
			{
				Name: "orders", From: "stream ORDERS", To: "my-cache/orders", State: "running", LimitedBy: "order",
				Rates: Rates{In: 10}, Received: 1234567,
				Settled: map[string]uint64{
					"published":     1230000,
					"dead_lettered": 3,
				}, Attempts: map[string]uint64{"429": 812}, Waiting: 12000,
				DrainSeconds: new(3725.0), Forecast: "drained in 1h2m5s",
			},
			{
				Name: "audit", State: "parked", Reason: "there is no such cache", LimitedBy: "cache",
				DrainSeconds: new(0.0),
			},
		},
		Problems: []Problem{{
			Level: "error", Text: "a route is parked", Route: "audit", Detail: "404", Count: 12,
			First: now.Add(-40 * time.Minute), Last: now.Add(-12 * time.Second),
		}},
		Group: Group{
			Name: "bridges", Self: "b1", Members: []Member{
				{
					ID: "a1", Host: "host-a", Version: "v1.2.3", Started: now.Add(-time.Hour),
					Heard: now.Add(-time.Second),
				},
				{ID: "b1", Host: "host-b", Version: "v1.2.3", Started: now.Add(-time.Minute), Self: true, Keeper: true},
			}, Leases: []Lease{
				{
					Route: "orders", Partition: 2, Holder: "a1", State: "standby", Since: now.Add(-time.Minute),
					Changes: 3,
				},
				{Route: "audit", Holder: "b1", Mine: true, State: "settling"},
				{Route: "lost", State: "standby"},
			}, Rates: []GroupRate{{Scope: "region", Rate: new(40.0), Share: new(9.9)}, {Scope: "throughput"}},
			Missing: "the bucket", Advice: "nats kv add",
		},
	}
}

// seen returns the page's text as people see it without script: without markup, and with single spaces.
func seen(t *testing.T, s Status) string {
	t.Helper()
	text, err := renderPage(&s)
	if err != nil {
		t.Fatal(err)
	}
	hidden := regexp.MustCompile(
		`(?s)<(template|script|head)\b.*?</(template|script|head)>|<p[^>]* hidden>.*?</p>|</?(span|small|b)\b[^>]*>`)
	bare := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(hidden.ReplaceAllString(string(text), ""), " ")
	return strings.Join(strings.Fields(bare), " ")
}

func TestPageSaysEverythingWithoutScript(t *testing.T) {
	text := seen(t, throttledStatus())
	for _, want := range []string{
		"2 replicas in the group bridges. Without leases: the bucket; nats kv add.",
		"host-a a1 v1.2.3 1 h 0 min 1 s ago 1 host-b b1 v1.2.3 1 min 0 s – 1 this one, keeper of the quota",
		"orders 2 host-a standby 1 min 0 s 3 audit – host-b settling – 0 lost – nobody standby – 0",
		"region 40.0/s 9.9/s throughput no limit no limit",
		"As of 17:36:04 UTC", "throttled The quota holds back 12 345 messages.", "Ready no: route audit: no such cache",
		"Held back by order within topics, missing cache",
		"In 1 235/s", "Out 9.9/s", "Refused 0.13/s", "Waiting 12 345 drained in 1 h 2 min", "Rate in force 9.9/s " +
			"learned ceiling: 10.0/s", "Publish time 5.1 ms median; 99 %: 1.50 s",
		"orders stream ORDERS → my-cache/orders running order within topics 10.0 0 0 0 0 12 000 drained in 1h2m5s",
		"orders 1 234 567 1 230 000 3 0 0 0 0 812 0 0 0",
		"audit → parked there is no such cache missing cache", "region 9.9/s 10.0/s holding the quota as learned",
		"throughput no limit none met unlimited",
		"Problems The latest first; times are UTC", "error a route is parked 404 audit 12 16:56:04 40 min 0 s ago " +
			"17:35:52 12 s ago",
		"nats://10.0.0.7:4222", "https://cache.example", "api key; expires in 3 d 8 h (2026-11-29 01:36:04)",
		"4 096 of 16 384 messages, 1.5 KiB of 64.0 MiB; 10 in flight",
		"v1.2.3", "3 h 0 min, since 2026-11-25 14:36:04 UTC", "/readyz /livez /metrics /api/v1/status",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
}

func TestPageOfADaemonThatHasDoneNothing(t *testing.T) {
	text := seen(t, Status{
		State: Idle, Routes: []Route{{Name: "a", State: "running", DrainSeconds: new(0.0)}},
		Quotas: []Quota{{Scope: "region"}},
	})
	for _, want := range []string{
		"idle", "Held back by nothing", "In 0/s", "Waiting 0 keeping up", "Rate in force no limit learned ceiling: " +
			"none met", "Publish time – median; 99 %: –", "None since the start.",
		"does not say when it expires",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	if text := seen(t, Status{State: Parked}); !strings.Contains(text, "parked") {
		t.Errorf("without routes and quotas: %s", text)
	}
}

func TestPageTellsTheStateByItsTitleToneAndIcon(t *testing.T) {
	f := func(state State, wantTitle, wantTone, wantIcon string) {
		t.Helper()
		page, err := renderPage(&Status{State: state})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"<title>" + wantTitle + " · momento-bridge</title>",
			`aria-labelledby="state" data-tone="` + wantTone + `"`, "/" + wantIcon + ".svg",
		} {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s: the page does not have %s", state, want)
			}
		}
	}
	f(Publishing, "publishing", "good", "good")
	f(Idle, "idle", "calm", "good")
	f(CatchingUp, "catching up", "busy", "good")
	f(Throttled, "throttled", "warn", "warn")
	f(Paused, "paused", "held", "good")
	f(KeyRefused, "key refused", "bad", "bad")
}

func TestHostileTextStaysText(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>'{{.}}` + "\x00\xff"
	s := throttledStatus()
	s.Summary, s.NATS, s.Endpoint, s.Version, s.Key.Kind, s.NotReady[0] = hostile, hostile, hostile, hostile,
		hostile, hostile
	s.State = hostile
	for i := range s.Routes {
		r := &s.Routes[i]
		r.Name, r.From, r.To, r.State, r.Reason, r.LimitedBy, r.Forecast = hostile, hostile, hostile, hostile, hostile,
			hostile, hostile
	}
	s.Quotas[0].Scope, s.Quotas[0].State, s.Quotas[0].Reason = hostile, hostile, hostile
	s.Problems[0].Text, s.Problems[0].Detail, s.Problems[0].Level, s.Problems[0].Route = hostile, hostile,
		hostile, hostile
	page, err := renderPage(&s)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<script>") || strings.Contains(string(page), "<img") {
		t.Errorf("markup in a value is markup of the page:\n%s", page)
	}
	calm := throttledStatus()
	plain, _ := renderPage(&calm)
	if tags := regexp.MustCompile(`<[a-z]`); len(tags.FindAll(page, -1)) != len(tags.FindAll(plain, -1)) {
		t.Error("the page has other elements")
	}
}

func fetchPage(t *testing.T, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	New(Config{Metrics: prometheus.NewRegistry(), Status: throttledStatus}).ServeHTTP(w,
		httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9464"+path, nil))
	return w.Result()
}

func TestPageLetsBrowsersUseNothingElse(t *testing.T) {
	resp := fetchPage(t, "/")
	if got := resp.Header.Get("Content-Security-Policy"); got != policy || strings.Contains(got, "unsafe") {
		t.Errorf("Content-Security-Policy: %q", got)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Content-Type": "text/html; charset=utf-8",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	s := throttledStatus()
	page, err := renderPage(&s)
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?:src|href)="(?:[a-z]+:)?//[^"]*"| style=| on[a-z]+=|<style`).Find(
		page); found != nil {
		t.Errorf("the page has %s", found)
	}
}

func TestAssetsAreThereForEver(t *testing.T) {
	s := throttledStatus()
	page, err := renderPage(&s)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`/assets/[^"]+`).FindAllString(string(page), -1)
	if len(named) != 5 {
		t.Errorf("the page names %q", named)
	}
	for name, kind := range assetTypes {
		named = append(named, "/assets/"+pageVersion+"/"+name)
		if got := fetchPage(t, named[len(named)-1]).Header.Get("Content-Type"); got != kind {
			t.Errorf("%s: Content-Type %q, want %q", name, got, kind)
		}
	}
	for _, path := range named {
		resp := fetchPage(t, path)
		if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, Cache-Control %q", path, resp.StatusCode, resp.Header.Get("Cache-Control"))
		}
	}
	for _, path := range []string{
		"/assets/other/page.js", "/assets/" + pageVersion + "/page.html",
		"/assets/" + pageVersion + "/README.md", "/assets/" + pageVersion + "/..%2fpage.go",
	} {
		if resp := fetchPage(t, path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestUPlotIsTheOneThatTheREADMENames(t *testing.T) {
	readme, err := os.ReadFile("page/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"uPlot.iife.min.js", "uPlot.min.css"} {
		text, err := os.ReadFile(filepath.Join("page", name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if line := hex.EncodeToString(sum[:]) + "  " + name; !strings.Contains(string(readme), line) {
			t.Errorf("the README does not have %s", line)
		}
	}
}
