package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// admit checks what does not depend on the body: parameters, credential, permission, cache. It returns the id of the
// token, if it has one.
func (s *Server) admit(r *http.Request, t target) (publisher string, why *refusal) {
	s.mu.Lock()
	strict := s.settings.Strict
	s.mu.Unlock()
	if name, ok := t.unknownParameter(); ok && strict {
		return "", &refusal{http.StatusBadRequest, "invalid_argument", "unknown query parameter " + name}
	}
	header, inQuery := r.Header.Values("Authorization"), t.query["token"]
	if len(header)+len(inQuery) > 1 {
		return "", &refusal{
			http.StatusBadRequest, "invalid_argument",
			"the token is given twice: use the Authorization header or the token parameter, not both",
		}
	}
	token := strings.Join(append(header, inQuery...), "")
	if scheme, bare, _ := strings.Cut(token, " "); strings.EqualFold(scheme, "Bearer") {
		if strict {
			return "", &refusal{
				http.StatusUnauthorized, "unauthenticated",
				"invalid token: send the bare token, without a scheme word",
			}
		}
		token = strings.TrimLeft(bare, " ")
	}
	if publisher, why = s.authenticate(token); why != nil {
		return "", why
	}
	if s.forbidden(t.name) {
		return "", &refusal{http.StatusForbidden, "permission_denied", "the token may not use this topic"}
	}
	if len(s.cfg.Caches) > 0 && !slices.Contains(s.cfg.Caches, t.name.cache) {
		return "", &refusal{http.StatusNotFound, "not_found", "Cache not found"}
	}
	return publisher, nil
}

// authenticate checks a token and returns its id, if it has one.
func (s *Server) authenticate(token string) (publisher string, why *refusal) {
	s.mu.Lock()
	want := s.apiKey
	s.mu.Unlock()
	publisher, known := s.cfg.Tokens[token]
	switch {
	case token == "":
		return "", &refusal{http.StatusUnauthorized, "unauthenticated", "no token"}
	case want != "" && token != want && !known:
		return "", &refusal{http.StatusUnauthorized, "unauthenticated", "invalid token"}
	}
	return publisher, nil
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
