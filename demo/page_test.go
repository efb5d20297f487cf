package demo

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestDemoPageOpensWithItsFormFilledIn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(pages("http://127.0.0.1:1", "json"))
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
		"endpoint": "http://127.0.0.1:1", "cache": "demo", "topic": "orders-1", "key": apiKey, "format": "json",
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
	if strings.Contains(string(text), apiKey) {
		t.Error("the page itself holds the key")
	}
}
