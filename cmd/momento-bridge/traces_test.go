package main

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"momento-bridge/emulator"
)

// spanBox is an OTLP receiver.
type spanBox struct {
	mu    sync.Mutex
	spans map[string][]*otlp.Span // By trace.
}

func (b *spanBox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var export collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &export) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, rs := range export.ResourceSpans {
		for _, scope := range rs.ScopeSpans {
			for _, s := range scope.Spans {
				id := hex.EncodeToString(s.TraceId)
				b.spans[id] = append(b.spans[id], s)
			}
		}
	}
}

// of returns the spans of a trace, by the first words of their names.
func (b *spanBox) of(trace string) map[string][]*otlp.Span {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := map[string][]*otlp.Span{}
	for _, s := range b.spans[trace] {
		name, _, _ := strings.Cut(s.Name, " ")
		found[name] = append(found[name], s)
	}
	return found
}

// Each of these messages is published by a span of its own.
var publishers = [...]string{
	"11111111111111111111111111111111", "22222222222222222222222222222222", "33333333333333333333333333333333",
	"44444444444444444444444444444444",
}

func TestTracesGoOnFromThePublisherToTheEndpoint(t *testing.T) {
	box := &spanBox{spans: map[string][]*otlp.Span{}}
	receiver := httptest.NewServer(box)
	t.Cleanup(receiver.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
	got := newRecord()
	var refused sync.Once
	w := newWorld(t, emulator.Config{OnAccept: got.accepted, Script: func(_, _ string, body []byte) (status int) {
		if string(body) == "1" {
			refused.Do(func() { status = 500 })
		}
		return status
	}})
	w.stream("S", "s.>")
	send := func(subject, payload, trace string) {
		t.Helper()
		m := &nats.Msg{Subject: subject, Data: []byte(payload), Header: nats.Header{}}
		if trace != "" {
			m.Header["traceparent"] = []string{"00-" + trace + "-00f067aa0ba902b7-01"}
		}
		if err := w.nats.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	send("s.batch", "2", publishers[1])
	send("s.batch", "3", publishers[2])
	send("s.batch", "4", "")
	p := startDaemon(t, "-c", w.config("limits: {rate: unlimited}", `
  - {name: core, subject: "c.*", cache: c, topic: core, ordering: none}
  - {name: stream, stream: S, subject: "s.*", cache: c, topic: stream, batch: {format: lines, linger: 10s, max_messages: 3}}`))
	eventually(t, "ready", func() bool { code, _ := p.get("/readyz"); return code == 200 })
	send("c.one", "1", publishers[0])
	send("c.one", "5", "")
	eventually(t, "published", func() bool { return got.total() == 3 })
	eventually(t, "a histogram with the trace as its exemplar", func() bool { // The endpoint knows it before.
		return strings.Contains(openMetrics(t, p.URL), `trace_id="`+publishers[0]+`"`)
	})
	if err := p.stop(); err != nil { // What is left is sent.
		t.Error(err)
	}
	for i, want := range []struct{ attempts, messages int }{{2, 1}, {1, 3}, {0, 3}, {0, 0}} {
		spans := box.of(publishers[i])
		if want.messages == 0 {
			if len(spans) != 0 {
				t.Errorf("a message without a parent is traced: %v", spans)
			}
			continue
		}
		if len(spans["receive"]) != 1 || len(spans["wait"]) != max(1, want.attempts) ||
			len(spans["publish"]) != want.attempts {
			t.Errorf("message %d has the spans %v", i+1, spans)
			continue
		}
		receive := spans["receive"][0]
		for _, s := range append(spans["wait"], spans["publish"]...) {
			if string(s.ParentSpanId) != string(receive.SpanId) {
				t.Errorf("message %d: %q is no child of %q", i+1, s.Name, receive.Name)
			}
		}
		if hex.EncodeToString(receive.ParentSpanId) != "00f067aa0ba902b7" {
			t.Errorf("message %d does not go on from its publisher: %v", i+1, receive)
		}
	}
	if links := box.of(publishers[1])["publish"][0].Links; len(links) != 2 {
		t.Errorf("the batch links %v, want the two messages that are traced", links)
	}
}

// openMetrics reads the metrics in the format that has exemplars.
func openMetrics(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/openmetrics-text")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
