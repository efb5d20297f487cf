package chaos

import (
	"strings"
	"syscall"
	"testing"
)

const nginxConfig = `
user root;
worker_processes 2;
daemon off;
pid DIR/pid;
error_log DIR/error;
events { worker_connections 4096; }
http {
  log_format published '$status $uri';
  access_log DIR/access published;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  server {
    listen PLAIN;
    listen SECURE ssl;
    ssl_certificate CERTIFICATE;
    ssl_certificate_key KEY;
    ssl_protocols TLSv1.3;
    RULES
  }
}
`

const (
	nginxAccepts = "location /topics/ { return 204; }"
	nginxPasses  = `location / { proxy_pass http://BACKEND; proxy_http_version 1.1; proxy_set_header Connection ""; }`
)

func nginxWith(rules string) string { return strings.Replace(nginxConfig, "RULES", rules, 1) }

// startNginx starts nginx, which keeps idle connections open for more than a minute unless the rules say otherwise.
func startNginx(t *testing.T, rules string) *neutral {
	t.Helper()
	s := newNeutral(t, "nginx", syscall.SIGHUP)
	s.configure(nginxWith(rules))
	s.run("-p", s.dir, "-e", s.dir+"/error", "-c", s.conf())
	return s
}
