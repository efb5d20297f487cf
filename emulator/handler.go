package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// refusal is an answer other than success.
type refusal struct {
	status  int
	code    string // As in the err field of Momento's other interfaces.
	message string
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(pathOf(r.RequestURI), "?")
	switch path {
	case "/_emulator/stats":
		s.serveStats(w, r)
		return
	case "/_emulator/settings":
		s.serveSettings(w, r)
		return
	}
	letBrowsersIn(w.Header())
	if r.Method == http.MethodOptions { // Whatever the path: what is wrong with it a page learns from its own request.
		preflight(w, r)
		return
	}
	t, err := parseTarget(r.RequestURI)
	switch {
	case errors.Is(err, errNotTopics):
		s.refuse(w, &refusal{http.StatusNotFound, "not_found", err.Error()})
	case err != nil:
		s.refuse(w, &refusal{http.StatusBadRequest, "invalid_argument", err.Error()})
	case r.Method == http.MethodPost:
		s.publish(w, r, t)
	case r.Method == http.MethodGet:
		s.poll(w, r, t)
	default:
		w.Header().Set("Allow", allowed)
		s.refuse(w, &refusal{
			http.StatusMethodNotAllowed, "method_not_allowed",
			"use POST to publish or GET to subscribe",
		})
	}
}

// refuse answers with an error and counts it.
func (s *Server) refuse(w http.ResponseWriter, why *refusal) {
	s.mu.Lock()
	s.stats.rejected[why.status]++
	s.mu.Unlock()
	form := "json"
	if why.status == http.StatusTooManyRequests {
		form = s.cfg.RefusalBody
		if s.cfg.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(s.cfg.RetryAfter.Seconds()))))
		}
	}
	switch form {
	case "empty":
		w.WriteHeader(why.status)
	case "text":
		http.Error(w, why.message, why.status)
	case "err":
		writeJSON(w, why.status, map[string]string{
			"code": "resource_exhausted", "message": why.message,
			"err": why.code,
		})
	default:
		writeJSON(w, why.status, map[string]string{"message": why.message})
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) publish(w http.ResponseWriter, r *http.Request, t target) {
	s.flying(1)
	defer s.flying(-1)
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(s.cfg.MaxPayload)+1))
	if err != nil {
		brokenBody(w)
		return
	}
	publisher, why := s.admit(r, t)
	if why != nil {
		s.refuse(w, why)
		return
	}
	if s.cfg.Script != nil {
		if status := s.cfg.Script(t.name.cache, t.name.topic, body); status != 0 {
			s.refuse(w, &refusal{status, "scripted", "as the script says"})
			return
		}
	}
	latency, fault := s.draw()
	if !s.wait(r, latency) {
		unanswered()
	}
	switch fault.kind {
	case faultHang:
		s.hang(r)
		return
	case faultDrop:
		cutOff(w)
		return
	case faultNone, faultStatus, faultReset:
	}
	if why := s.checkBody(r, body); why != nil {
		s.refuse(w, why)
		return
	}
	if why := s.charge(r, len(body)); why != nil {
		s.refuse(w, why)
		return
	}
	if fault.kind == faultStatus {
		s.refuse(w, &refusal{fault.status, "internal", "a fault that was asked for"})
		return
	}
	s.accept(t.name, r, body, publisher)
	if fault.kind == faultReset {
		cutOff(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) checkBody(r *http.Request, body []byte) *refusal {
	contentType := r.Header.Get("Content-Type")
	switch {
	case contentType == "":
		return &refusal{
			http.StatusBadRequest, "invalid_argument",
			"Content-Type is required: text/plain or application/octet-stream",
		}
	case len(body) > s.cfg.MaxPayload:
		return &refusal{s.cfg.OversizeStatus, "request_size_limit_exceeded", "the message size exceeds the limit of " +
			strconv.Itoa(s.cfg.MaxPayload) + " bytes"}
	case isText(contentType) && !utf8.Valid(body):
		return &refusal{http.StatusBadRequest, "invalid_argument", "the body is not valid UTF-8"}
	}
	return nil
}

// wait sleeps for the latency. It reports whether the client is still there.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.stop:
	}
	return false
}

// hang gives no answer until the client goes away or the emulator stops.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.stop:
	}
	unanswered()
}

// unanswered ends a request without an answer: net/http would make a success of a handler that returns. It does not
// return.
func unanswered() { panic(http.ErrAbortHandler) }

// brokenBody answers a body that does not end as its head or its chunks say. Mostly the client has gone, so that it is
// not counted as a refusal.
func brokenBody(w http.ResponseWriter) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"message": "the body does not end as the request says"})
}

func (s *Server) flying(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.inFlight += n
}
