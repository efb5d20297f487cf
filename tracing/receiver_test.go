package tracing

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver is an OTLP receiver.
type receiver struct {
	*httptest.Server

	mu       sync.Mutex
	spans    []*otlp.Span
	resource []*common.KeyValue
	headers  http.Header
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// newServer starts a server that answers so, and returns its address.
func newServer(t testing.TB, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL
}

// ServeHTTP takes an ExportTraceServiceRequest.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var export collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &export)
	}
	if err != nil || req.URL.Path != "/v1/traces" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers = req.Header
	for _, rs := range export.ResourceSpans {
		r.resource = rs.Resource.Attributes
		for _, scope := range rs.ScopeSpans {
			r.spans = append(r.spans, scope.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// named returns the spans whose name begins so, in the order in which they began.
func (r *receiver) named(prefix string) (found []*otlp.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spans {
		if strings.HasPrefix(s.Name, prefix) {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b *otlp.Span) int {
		return int(a.StartTimeUnixNano) - int(b.StartTimeUnixNano) //nolint:gosec // Of this century.
	})
	return found
}

// only returns the one span whose name begins so.
func (r *receiver) only(t *testing.T, prefix string) *otlp.Span {
	t.Helper()
	found := r.named(prefix)
	if len(found) != 1 {
		t.Fatalf("%d spans are named %q, want one", len(found), prefix)
	}
	return found[0]
}

// valueOf returns an attribute as a string; empty if there is none.
func valueOf(list []*common.KeyValue, key string) string {
	for _, a := range list {
		if a.Key == key {
			if s, ok := a.Value.Value.(*common.AnyValue_StringValue); ok {
				return s.StringValue
			}
			return strings.TrimSpace(a.Value.String()[strings.IndexByte(a.Value.String(), ':')+1:])
		}
	}
	return ""
}

// linksTo reports whether a span links another one.
func linksTo(s, to *otlp.Span) bool {
	return slices.ContainsFunc(s.Links, func(l *otlp.Span_Link) bool {
		return bytes.Equal(l.TraceId, to.TraceId) && bytes.Equal(l.SpanId, to.SpanId)
	})
}

// childOf reports whether a span is another one's child.
func childOf(s, parent *otlp.Span) bool {
	return bytes.Equal(s.TraceId, parent.TraceId) && bytes.Equal(s.ParentSpanId, parent.SpanId)
}

// lasts reports whether a span is from one time until another.
func lasts(s *otlp.Span, from, until time.Time) bool {
	return time.Unix(0, int64(s.StartTimeUnixNano)).Equal(from) && time.Unix(0, int64(s.EndTimeUnixNano)).Equal(until)
}

func hexOf(id []byte) string { return hex.EncodeToString(id) }
