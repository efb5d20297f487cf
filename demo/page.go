package demo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"momento-bridge/examples/subscriber"
)

// shownTopic is the topic that the page begins with: one of the generator's.
const shownTopic = "orders-1"

// pages serves the subscriber's page. The root leads to the page with its form filled in: what is behind # stays in
// the browser.
func pages(endpoint, format string) http.Handler {
	form := url.Values{
		"endpoint": {endpoint}, "cache": {"demo"}, "topic": {shownTopic}, "key": {apiKey}, "format": {format},
		"start": {"yes"},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, "/subscriber#"+form.Encode(), http.StatusFound)
	})
	mux.HandleFunc("GET /subscriber", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(subscriber.Page)
	})
	return mux
}

// servePage answers on ln until ctx is done.
func servePage(ctx context.Context, ln net.Listener, page http.Handler) error {
	server := &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(ln); ctx.Err() == nil {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}
