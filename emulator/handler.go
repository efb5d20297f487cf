package emulator

import (
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"slices"
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
	path, _, _ := strings.Cut(r.RequestURI, "?")
	switch path {
	case "/_emulator/stats":
		s.serveStats(w, r)
		return
	case "/_emulator/settings":
		s.serveSettings(w, r)
		return
	}
	letBrowsersIn(w.Header())
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
	case r.Method == http.MethodOptions:
		preflight(w)
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
		return // The client went away.
	}
	if why := s.admit(r, t); why != nil {
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
		return
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
	if why := s.charge(r, t.name, len(body)); why != nil {
		s.refuse(w, why)
		return
	}
	if fault.kind == faultStatus {
		s.refuse(w, &refusal{fault.status, "internal", "a fault that was asked for"})
		return
	}
	s.accept(t.name, r, body)
	if fault.kind == faultReset {
		cutOff(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// admit checks what does not depend on the body: parameters, credential, permission, cache.
func (s *Server) admit(r *http.Request, t target) *refusal {
	header, inQuery := r.Header.Values("Authorization"), t.query["token"]
	for name := range t.query {
		if name != "token" && r.Method == http.MethodPost {
			return &refusal{http.StatusBadRequest, "invalid_argument", "unknown query parameter " + name}
		}
	}
	if len(header)+len(inQuery) > 1 {
		return &refusal{
			http.StatusBadRequest, "invalid_argument",
			"the token is given twice: use the Authorization header or the token parameter, not both",
		}
	}
	token := strings.Join(append(header, inQuery...), "")
	if why := s.authenticate(token); why != nil {
		return why
	}
	if s.forbidden(t.name) {
		return &refusal{http.StatusForbidden, "permission_denied", "the token may not use this topic"}
	}
	if len(s.cfg.Caches) > 0 && !slices.Contains(s.cfg.Caches, t.name.cache) {
		return &refusal{http.StatusNotFound, "not_found", "Cache not found"}
	}
	return nil
}

func (s *Server) authenticate(token string) *refusal {
	s.mu.Lock()
	want := s.apiKey
	s.mu.Unlock()
	switch {
	case token == "":
		return &refusal{http.StatusUnauthorized, "unauthenticated", "no token"}
	case strings.HasPrefix(token, "Bearer "):
		return &refusal{
			http.StatusUnauthorized, "unauthenticated",
			"invalid token: send the bare token, without a scheme word",
		}
	case want != "" && token != want:
		return &refusal{http.StatusUnauthorized, "unauthenticated", "invalid token"}
	}
	return nil
}

func (s *Server) forbidden(name topicName) bool {
	full := name.cache + "/" + name.topic
	return slices.ContainsFunc(s.cfg.Forbidden, func(pattern string) bool {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			return strings.HasPrefix(full, prefix)
		}
		return pattern == full
	})
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

// isText reports whether subscribers receive a string: anything but bytes does.
func isText(contentType string) bool {
	return !strings.HasPrefix(contentType, "application/octet-stream")
}

// charge takes a publish from the quota.
func (s *Server) charge(r *http.Request, name topicName, size int) *refusal {
	connection := fnv.New64a()
	_, _ = io.WriteString(connection, r.RemoteAddr)
	s.mu.Lock()
	defer s.mu.Unlock()
	operations := max(1, (size+1023)/1024)
	if t := s.topics[name]; t != nil {
		operations *= 1 + t.waiting
	}
	cost := 1.0
	if s.settings.Unit == "operations" {
		cost = float64(operations)
	}
	if !s.limiter.Take(time.Now(), cost, connection.Sum64()) {
		return &refusal{http.StatusTooManyRequests, "operations_rate_limit_exceeded", "Request rate exceeded."}
	}
	s.stats.operations += operations
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
	panic(http.ErrAbortHandler) // The documented way to close a connection without an answer.
}

func (s *Server) flying(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.inFlight += n
}
