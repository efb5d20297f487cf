package browser

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// packed writes a packed batch by hand, from the specification: a marker and payloads one after the other in the
// stream.
func packed(first, back uint64, payloads ...string) []byte {
	b := []byte{0xf5, 0x01, 0x02, 1, 2, 3, 4}
	b = binary.AppendUvarint(binary.AppendUvarint(b, first), back)
	for i, payload := range payloads {
		if i > 0 {
			b = append(b, 1)
		}
		b = append(binary.AppendUvarint(b, uint64(len(payload))), payload...)
	}
	return b
}

// topic is a topic of an emulator, and the address of the subscriber's page.
type topic struct {
	t         *testing.T
	emulator  *lab.Emulator
	page      string
	published int
}

func newTopic(t *testing.T) *topic {
	t.Helper()
	emulator, err := rig.StartEmulator(t.Context(), "--api-key", "the-key", "--cache", "shop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emulator.Stop() })
	text, err := os.ReadFile(filepath.Join(root, "examples", "subscriber", "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sdk.mjs" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(sdk))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(text)
	}))
	t.Cleanup(server.Close)
	return &topic{t: t, emulator: emulator, page: server.URL}
}

// link opens the page with its form filled in; start says whether it subscribes at once.
func (c *topic) link(start string) string {
	form := url.Values{
		"endpoint": {c.emulator.URL}, "cache": {"shop"}, "topic": {"orders/1"}, "key": {"the-key"}, "start": {start},
	}
	// Without a query of its own the browser would only go to another place of the page that it has.
	return c.page + "/?" + time.Now().Format("150405.000000") + "#" + form.Encode()
}

func (c *topic) publish(contentType string, body []byte) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.emulator.URL+"/topics/shop/orders%2F1",
		bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "the-key")
	request.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		c.t.Fatal(resp.Status)
	}
	c.published++
}

// pack publishes a packed batch.
func (c *topic) pack(first, back uint64, payloads ...string) {
	c.t.Helper()
	c.publish("application/octet-stream", packed(first, back, payloads...))
}
