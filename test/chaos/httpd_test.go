package chaos

import (
	"strings"
	"syscall"
	"testing"
)

const httpdConfig = `
ServerRoot DIR
ServerName 127.0.0.1
PidFile DIR/pid
ErrorLog DIR/error
User "#65534"
Group "#65534"
Listen PLAIN
Listen SECURE
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
LoadModule reqtimeout_module /usr/lib/apache2/modules/mod_reqtimeout.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
ThreadsPerChild 64
MaxRequestWorkers 256
LogFormat "%>s %U" published
CustomLog DIR/access published
KeepAlive On
KeepAliveTimeout 1
MaxKeepAliveRequests 0
<VirtualHost PLAIN>
  RULES
</VirtualHost>
<VirtualHost SECURE>
  SSLEngine on
  SSLProtocol TLSv1.3
  SSLCertificateFile CERTIFICATE
  SSLCertificateKeyFile KEY
  RULES
</VirtualHost>
`

// httpdPasses says also that a backend that was away is tried again at once, rather than after a minute.
const httpdPasses = "ProxyPass / http://BACKEND/ retry=0"

// httpdAnswers are the rules with which everything is answered with a status.
func httpdAnswers(status string) string {
	return "RewriteEngine On\n  RewriteRule ^/topics/ - [R=" + status + ",L]"
}

func httpdWith(rules string) string { return strings.ReplaceAll(httpdConfig, "RULES", rules) }

// startHTTPd starts Apache httpd, which closes connections that are idle for a second.
func startHTTPd(t *testing.T, rules string) *neutral {
	t.Helper()
	s := newNeutral(t, "apache2", syscall.SIGUSR1)
	s.configure(httpdWith(rules))
	s.run("-DFOREGROUND", "-f", s.conf())
	return s
}
