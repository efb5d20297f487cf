package emulator

import (
	"context"
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
