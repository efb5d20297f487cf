package emulator

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// direct makes a long poll without a network, which the client gives up after a time.
func direct(t *testing.T, s *Server, target string, patience time.Duration) (int, string) {
	t.Helper()
	answer := directly(t, s, http.MethodGet, target, "", patience)
	return answer.Code, strings.TrimSpace(answer.Body.String())
}

func directly(t *testing.T, s *Server, method, target, body string, patience time.Duration,
) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	request.Header.Set("Authorization", "k")
	request.Header.Set("Content-Type", "text/plain")
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	return answer
}

// Nobody may take it for accepted: it was not counted, and no subscriber gets it.
func TestAPublishThatTheEndCutsShortHasNoAnswer(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Settings: Settings{Latency: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln) }()
	answered := make(chan int, 1)
	go func() {
		status, _, _ := send(t, ln.Addr().String(), "POST /topics/c/t\nx", "Authorization: k",
			"Content-Type: text/plain")
		answered <- status
	}()
	for s.Stats().InFlight == 0 && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	stop()
	if status := <-answered; status != 0 || s.Stats().Accepted > 0 {
		t.Errorf("it is answered %d, and %d are accepted", status, s.Stats().Accepted)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve = %v", err)
	}
}
