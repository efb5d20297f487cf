package tracing

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

const (
	parentTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	parentSpan  = "00f067aa0ba902b7"
)

// parent are the headers of a message that a sampled span has published.
func parent() map[string][]string {
	return map[string][]string{
		"traceparent": {"00-" + parentTrace + "-" + parentSpan + "-01"}, "tracestate": {"vendor=1"},
	}
}

// began is when the tests' messages came.
var began = time.Unix(1_700_000_000, 5)

func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

// setUp sets traces up by the environment.
func setUp(t *testing.T, endpoint string, environment ...string) (*Tracing, *bytes.Buffer) {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	for i := 0; i < len(environment); i += 2 {
		t.Setenv(environment[i], environment[i+1])
	}
	var log bytes.Buffer
	traces, err := New("v1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return traces, &log
}

func (t *Tracing) closeSoon() { t.Close(time.Now().Add(30 * time.Second)) }

func aMessage(header map[string][]string) pipeline.Taken {
	return pipeline.Taken{
		Route: "r", Subject: "orders.eu", Stream: "S", Consumer: "C", Sequence: 7, Bytes: 3, Header: header,
		Came: at(0), Taken: at(1),
	}
}

// attempt is one that was sent at 2 s and answered at 3 s.
func attempt(status int, traces ...pipeline.Trace) *pipeline.Attempt {
	a := &pipeline.Attempt{
		Route: "r", Cache: "c", Topic: "t", Messages: len(traces), Bytes: 10, Sent: at(2), Answered: at(3),
		Answer: pipeline.Answer{Verdict: pipeline.Accept, Result: pipeline.Result204, Status: status},
	}
	if status != 204 {
		a.Answer.Verdict, a.Answer.Result = pipeline.Retry, pipeline.Result5xx
	}
	for _, trace := range traces {
		a.Traced = append(a.Traced, pipeline.Traced{Trace: trace, Attempt: 1})
	}
	return a
}

func TestAMessageContinuesTheTraceOfItsPublisher(t *testing.T) {
	for _, name := range []string{"traceparent", "Traceparent"} {
		r := newReceiver(t)
		traces, _ := setUp(t, r.URL, "OTEL_SERVICE_NAME", "shop", "OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=7")
		h := parent()
		h[name] = h["traceparent"]
		m := traces.Taken(aMessage(h))
		if m.ID() != parentTrace {
			t.Errorf("the trace of the message is %s", m.ID())
		}
		traces.Attempted(attempt(204, m))
		traces.closeSoon()
		receive, wait, publish := r.only(t, "receive orders.eu"), r.only(t, "wait orders.eu"), r.only(t, "publish t")
		if hexOf(receive.TraceId) != parentTrace || hexOf(receive.ParentSpanId) != parentSpan ||
			receive.TraceState != "vendor=1" || !lasts(receive, at(0), at(1)) {
			t.Errorf("taken: %v", receive)
		}
		if !childOf(wait, receive) || !lasts(wait, at(1), at(2)) || len(wait.Links) != 0 {
			t.Errorf("waited: %v", wait)
		}
		if !childOf(publish, receive) || !lasts(publish, at(2), at(3)) || len(publish.Links) != 0 {
			t.Errorf("published: %v", publish)
		}
		for key, want := range map[string]string{
			"messaging.system": "nats", "messaging.destination.name": "orders.eu", "nats.stream": "S",
			"nats.stream.sequence": "7", "messaging.consumer.group.name": "C",
		} {
			if got := valueOf(receive.Attributes, key); got != want {
				t.Errorf("%s of what was taken is %q, want %q", key, got, want)
			}
		}
		for key, want := range map[string]string{
			"messaging.system": "momento", "messaging.destination.name": "t", "http.response.status_code": "204",
			"messaging.batch.message_count": "", "momento.cache": "c", "error.type": "",
		} {
			if got := valueOf(publish.Attributes, key); got != want {
				t.Errorf("%s of the publish is %q, want %q", key, got, want)
			}
		}
		if valueOf(r.resource, "service.name") != "shop" || r.headers.Get("X-Tenant") != "7" {
			t.Errorf("sent with %v, of %v", r.headers, r.resource)
		}
	}
}

func TestABatchHasOneSpanThatLinksItsMessages(t *testing.T) {
	r := newReceiver(t)
	traces, _ := setUp(t, r.URL)
	first, second := traces.Taken(aMessage(parent())), traces.Taken(aMessage(nil))
	a := attempt(204, first, second)
	a.Messages = 5 // Three are not traced.
	traces.Attempted(a)
	traces.closeSoon()
	publish, receives, waits := r.only(t, "publish"), r.named("receive"), r.named("wait")
	if len(receives) != 2 || len(waits) != 2 || len(publish.Links) != 2 {
		t.Fatalf("%d spans receive, %d wait, the publish links %d, want 2 of each", len(receives), len(waits),
			len(publish.Links))
	}
	for i, receive := range receives {
		wait := waits[i]
		if !childOf(wait, receive) {
			wait = waits[1-i]
		}
		if !linksTo(publish, receive) || !linksTo(wait, publish) || !childOf(wait, receive) {
			t.Errorf("message %d: %v, %v", i, receive, wait)
		}
		if mine := hexOf(receive.TraceId) == parentTrace; childOf(publish, receive) != mine {
			t.Errorf("the publish is to be in the trace of the first message: %v", publish)
		}
	}
	if n := valueOf(publish.Attributes, "messaging.batch.message_count"); n != "5" {
		t.Errorf("the batch has %s messages", n)
	}
}

func TestEachAttemptHasItsSpans(t *testing.T) {
	r := newReceiver(t)
	traces, _ := setUp(t, r.URL)
	m := traces.Taken(aMessage(nil))
	traces.Attempted(attempt(503, m))
	again := attempt(204, m)
	again.Sent, again.Answered, again.Traced[0].Attempt = at(5), at(6), 2
	traces.Attempted(again)
	traces.closeSoon()
	receive, waits, publishes := r.only(t, "receive"), r.named("wait"), r.named("publish")
	if len(waits) != 2 || len(publishes) != 2 || len(receive.ParentSpanId) != 0 {
		t.Fatalf("%d waits, %d publishes, %v", len(waits), len(publishes), receive)
	}
	if !lasts(waits[1], at(3), at(5)) || !lasts(publishes[1], at(5), at(6)) || !childOf(publishes[1], receive) {
		t.Errorf("the second attempt: %v, %v", waits[1], publishes[1])
	}
	failed := publishes[0]
	if failed.Status.GetCode() != 2 || valueOf(failed.Attributes, "error.type") != "5xx" ||
		valueOf(failed.Attributes, "http.response.status_code") != "503" {
		t.Errorf("the failed one: %v", failed)
	}
	if n := valueOf(publishes[1].Attributes, "http.request.resend_count"); n != "1" {
		t.Errorf("the second attempt is resend %q", n)
	}
}

func TestAMessageThatIsNotPublishedSaysSo(t *testing.T) {
	r := newReceiver(t)
	traces, _ := setUp(t, r.URL)
	for outcome, code := range map[pipeline.Outcome]int32{pipeline.Expired: 2, pipeline.Returned: 0} {
		traces.Taken(aMessage(nil)).Ended(outcome)
		_ = traces.provider.ForceFlush(t.Context())
		wait := r.only(t, "wait")
		if valueOf(wait.Attributes, "momento_bridge.outcome") != outcome.String() ||
			int32(wait.Status.GetCode()) != code {
			t.Errorf("%v: %v", outcome, wait)
		}
		r.mu.Lock()
		r.spans = nil
		r.mu.Unlock()
	}
	traces.closeSoon()
}

func TestTheEnvironmentChoosesWhatIsTraced(t *testing.T) {
	unsampled := map[string][]string{"traceparent": {"00-" + parentTrace + "-" + parentSpan + "-00"}}
	damaged := map[string][]string{"traceparent": {"00-xyz"}}
	for name, tt := range map[string]struct {
		sampler, arg string
		header       map[string][]string
		want         bool
	}{
		"all by default":                       {"", "", nil, true},
		"not what the publisher did not":       {"", "", unsampled, false},
		"a damaged parent is none":             {"", "", damaged, true},
		"none":                                 {"always_off", "", parent(), false},
		"all, whatever the publisher did":      {"always_on", "", unsampled, true},
		"a share of none":                      {"parentbased_traceidratio", "0", nil, false},
		"a share of none, but what has others": {"parentbased_traceidratio", "0", parent(), true},
		"a share of all":                       {"traceidratio", "1", unsampled, true},
	} {
		t.Run(name, func(t *testing.T) {
			traces, _ := setUp(t, "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER", tt.sampler,
				"OTEL_TRACES_SAMPLER_ARG", tt.arg)
			if traced := traces.Taken(aMessage(tt.header)) != nil; traced != tt.want {
				t.Errorf("traced: %v, want %v", traced, tt.want)
			}
			traces.Close(time.Now())
		})
	}
}

// A draw and the span that follows it must have one answer, or a share of the traces would have no beginning.
func TestAShareIsTracedWhole(t *testing.T) {
	r := newReceiver(t)
	traces, _ := setUp(t, r.URL, "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0.2",
		"OTEL_BSP_MAX_QUEUE_SIZE", "10000")
	n := 0
	for range 1000 {
		if m := traces.Taken(aMessage(nil)); m != nil {
			n++
			traces.Attempted(attempt(204, m))
		}
	}
	traces.closeSoon()
	if n == 0 || n == 1000 || len(r.named("receive")) != n || len(r.named("wait")) != n ||
		len(r.named("publish")) != n {
		t.Errorf("%d of 1000 are traced, with %d, %d and %d spans", n, len(r.named("receive")), len(r.named("wait")),
			len(r.named("publish")))
	}
}

func TestWantedFollowsTheEnvironment(t *testing.T) {
	t.Parallel()
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, tt := range []struct {
		environment map[string]string
		want        bool
		note        string
	}{
		{nil, false, ""},
		{map[string]string{endpoint: "http://c:4318"}, true, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, true, ""},
		{map[string]string{endpoint: "c:4318"}, false, endpoint + " has no http:// or https://"},
		{map[string]string{endpoint: "127.0.0.1:4318"}, false, "such as http://collector:4318"},
		{map[string]string{endpoint: "http://"}, false, "names no host"},
		{map[string]string{endpoint: "HTTPS://c"}, true, ""},
		{map[string]string{
			endpoint: "c:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces",
		}, true, ""},
		{map[string]string{
			endpoint: "http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "c:4318/v1/traces",
		}, false, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT has no http://"},
		{map[string]string{endpoint: "http://c:4318", "OTEL_SDK_DISABLED": "True"}, false, ""},
		{map[string]string{endpoint: "http://c:4318", "OTEL_SDK_DISABLED": "yes"}, true, ""},
		{map[string]string{endpoint: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		{map[string]string{endpoint: "http://c:4318", "OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		{map[string]string{endpoint: "http://c:4318", "OTEL_TRACES_EXPORTER": "zipkin"}, false, `"zipkin", and only otlp`},
		{map[string]string{endpoint: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, true, "port 4318"},
		{map[string]string{
			endpoint: "http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
			"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
		}, true, ""},
	} {
		wanted, note := Wanted(func(name string) string { return tt.environment[name] })
		if wanted != tt.want || (note == "") != (tt.note == "") || !strings.Contains(note, tt.note) {
			t.Errorf("Wanted(%v) = %v, %q", tt.environment, wanted, note)
		}
	}
}

// Publishing goes on, whatever becomes of traces.
func TestACollectorThatHangsHoldsNobodyUp(t *testing.T) {
	hang := make(chan struct{})
	server := newServer(t, func(http.ResponseWriter, *http.Request) { <-hang })
	defer close(hang)
	traces, log := setUp(t, server, "OTEL_BSP_MAX_QUEUE_SIZE", "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
	const messages = 2000
	for range messages { // It would never end if anything blocked.
		traces.Attempted(attempt(204, traces.Taken(aMessage(nil))))
	}
	traces.Close(time.Now().Add(10 * time.Millisecond))
	if made := traces.exporter.made.Load(); made != 3*messages || traces.exporter.lost() != made {
		t.Errorf("%d spans were made, %d are said to be lost", made, traces.exporter.lost())
	}
	if !strings.Contains(log.String(), fmt.Sprintf("spans=%d sent=0", 3*messages)) {
		t.Errorf("the log does not tell of lost spans:\n%s", log)
	}
}

func TestARefusingCollectorIsToldOfOnceWithoutItsWords(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte("you sent the-secret"))
	})
	traces, log := setUp(t, server, "OTEL_EXPORTER_OTLP_HEADERS", "authorization=the-secret")
	for range 3 {
		traces.Attempted(attempt(204, traces.Taken(aMessage(nil))))
		_ = traces.provider.ForceFlush(t.Context())
	}
	traces.closeSoon()
	text := log.String()
	if n := strings.Count(text, "traces cannot be sent"); n != 1 || strings.Contains(text, "the-secret") ||
		!strings.Contains(text, "401") || !strings.Contains(text, "spans=9 sent=0") {
		t.Errorf("%d lines tell of it:\n%s", n, text)
	}
}

// The SDK would write the value to standard error.
func TestAVariableThatCannotBeReadIsToldWithoutItsValue(t *testing.T) {
	server := newServer(t, func(http.ResponseWriter, *http.Request) {})
	traces, log := setUp(t, server, "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%zzthe-secret")
	traces.closeSoon()
	text := log.String()
	if !strings.Contains(text, "escape header value") || strings.Contains(text, "the-secret") {
		t.Errorf("the log says:\n%s", text)
	}
}
