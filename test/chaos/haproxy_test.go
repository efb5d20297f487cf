package chaos

import (
	"strings"
	"syscall"
	"testing"
)

const haproxyConfig = `
global
  nbthread 2
defaults
  mode http
  retries 0
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  timeout http-request 1s
  timeout http-keep-alive 1s
frontend front
  bind PLAIN
  bind SECURE ssl crt BOTH ssl-min-ver TLSv1.3 alpn http/1.1
  RULES
  default_backend back
backend back
  server one BACKEND
`

func haproxyWith(rules string) string { return strings.Replace(haproxyConfig, "RULES", rules, 1) }

// startHAProxy starts HAProxy, which passes on what the rules do not answer, and closes connections that are idle for
// a second.
func startHAProxy(t *testing.T, rules string) *neutral {
	t.Helper()
	s := newNeutral(t, "haproxy", syscall.SIGUSR2)
	s.configure(haproxyWith(rules))
	s.run("-W", "-db", "-f", s.conf())
	return s
}
