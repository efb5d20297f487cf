package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
)

// collector takes traces, and forgets them.
var collector = sync.OnceValue(func() string {
	return httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	})).URL
})

// trace sets the environment of the daemon that is started next; the function that it returns sets it back.
func (d daemon) trace() (stop func(), err error) {
	if d.traced == "" {
		return func() {}, nil
	}
	environment := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": collector(), "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
		"OTEL_TRACES_SAMPLER_ARG": d.traced,
	}
	for name, value := range environment {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	return func() {
		for name := range environment {
			_ = os.Unsetenv(name)
		}
	}, nil
}
