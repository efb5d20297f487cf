package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"momento-bridge/logthrottle"
)

// Tracing makes traces. It is a pipeline.Tracer.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	draw     draw
	exporter *exporter
	log      *slog.Logger
}

// Wanted reports whether the environment asks for traces. A note says what is unusual about it; it may be empty.
func Wanted(getenv func(string) string) (wanted bool, note string) {
	variable := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" // It comes before the other one.
	if getenv(variable) == "" {
		variable = "OTEL_EXPORTER_OTLP_ENDPOINT"
	}
	endpoint := getenv(variable)
	if endpoint == "" || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false, ""
	}
	switch name := getenv("OTEL_TRACES_EXPORTER"); name {
	case "", "otlp":
	case "none":
		return false, ""
	default:
		return false, fmt.Sprintf("there are no traces: OTEL_TRACES_EXPORTER is %q, and only otlp is known", name)
	}
	if fault := faultOf(endpoint); fault != "" {
		return false, "there are no traces: " + variable + " " + fault + ": write an address such as " +
			"http://collector:4318"
	}
	for _, name := range [...]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if getenv(name) == "grpc" {
			return true, name + " is grpc: traces are sent by http/protobuf all the same, which collectors take on " +
				"port 4318"
		}
		if getenv(name) != "" {
			break
		}
	}
	return true, ""
}

// faultOf says what is wrong with a collector's address, which the SDK would take for another one; empty: nothing. It
// does not repeat it, as there may be a password in it.
func faultOf(endpoint string) string {
	address, err := url.Parse(endpoint)
	switch {
	case err != nil || address.Scheme != "http" && address.Scheme != "https":
		return "has no http:// or https://, or is no URL"
	case address.Host == "":
		return "names no host"
	}
	return ""
}

// New sets traces up as the environment says. It does not wait for the collector. Close must be called at the end.
func New(version string, log *slog.Logger) (*Tracing, error) {
	throttled := slog.New(logthrottle.New(log.Handler()))
	listen(throttled)
	inner, err := otlptracehttp.New(context.Background())
	if err != nil {
		return nil, fmt.Errorf("traces (OTEL_EXPORTER_OTLP_*): %w", err)
	}
	from, err := resource.New(context.Background(), resource.WithAttributes(
		attribute.String("service.name", "momento-bridge"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv())
	if err != nil { // It has what could be read all the same.
		throttled.Warn("traces: what they say of the service is not complete", "error", err)
	}
	t := &Tracing{exporter: &exporter{inner: inner, log: throttled}, log: log}
	queue := &gather{SpanProcessor: sdk.NewBatchSpanProcessor(t.exporter)}
	t.start(sdk.WithSpanProcessor(queue), sdk.WithResource(from))
	return t, nil
}

// start makes the provider, and the tracer of it.
func (t *Tracing) start(options ...sdk.TracerProviderOption) {
	t.provider = sdk.NewTracerProvider(append(options, sdk.WithIDGenerator(ids{}))...)
	t.tracer = t.provider.Tracer("momento-bridge")
	t.draw = learn(t.tracer)
}

// Close sends what is left, until a time at the latest, and says how many spans were not sent.
func (t *Tracing) Close(end time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	err := t.provider.Shutdown(ctx)
	if lost := t.exporter.lost(); lost > 0 {
		t.log.Warn("traces: spans were dropped, as the collector did not take them in time", "spans", lost, "sent",
			t.exporter.sent.Load(), "error", short(err))
	}
}
