package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestDemoPageOpensWithItsFormFilledIn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(demoPage("http://127.0.0.1:1", "json"))
	t.Cleanup(server.Close)
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	form, err := url.ParseQuery(resp.Request.URL.Fragment)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"endpoint": "http://127.0.0.1:1", "cache": "demo", "topic": "orders-1", "key": demoKey, "format": "json",
		"start": "yes",
	} {
		if got := form.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") ||
		!strings.Contains(string(text), "<title>Subscriber") {
		t.Errorf("%d %v %.100s", resp.StatusCode, resp.Header, text)
	}
	if strings.Contains(string(text), demoKey) {
		t.Error("the page itself holds the key")
	}
}

func TestDemoTellsWhereItsPageIsAndServesIt(t *testing.T) {
	t.Parallel()
	ctx, stop := t.Context(), make(chan error, 1)
	var out, log syncBuffer
	go func() {
		stop <- run(ctx, []string{"demo", "--duration", "1s", "--rate", "100", "--quota", "1000"}, &out,
			&log)
	}()
	var page string
	eventually(t, "the page's address", func() bool {
		found := regexp.MustCompile(`Watch it in a browser: (http://127\.0\.0\.1:\d+)\n`).FindStringSubmatch(log.String())
		if found == nil {
			return false
		}
		page = found[1]
		return true
	})
	resp, err := http.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the page is answered with %d", resp.StatusCode)
	}
	if err := <-stop; err != nil || !strings.Contains(out.String(), " lost=0 duplicates=0\n") {
		t.Errorf("demo = %v, %s\n%s", err, out.String(), log.String())
	}
}
