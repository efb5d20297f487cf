package config

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// Validate fills the defaults that follow from other keys and notes every problem that the file alone shows.
func (f *File) Validate() {
	f.checkNATS()
	f.checkMomento()
	f.checkLimits()
	f.checkQueue()
	f.checkRoutes()
	f.checkUnsupported()
}

func (f *File) checkNATS() {
	n := f.NATS
	if n.URL == "" {
		f.Problemf("nats.url", "nats.url is empty: write one such as nats://127.0.0.1:4222")
	}
	first := ""
	for _, kind := range [...]struct{ key, value string }{
		{"creds_file", n.CredsFile}, {"nkey_file", n.NKeyFile}, {"user", n.User}, {"token_file", n.TokenFile},
	} {
		if kind.value == "" {
			continue
		}
		if first != "" {
			f.Problemf("nats."+kind.key, "nats.%s and nats.%s are both set: keep one kind of credential", first, kind.key)
		}
		first = kind.key
	}
	f.needs("nats.user", n.User, "nats.password_file", n.PasswordFile)
	f.needs("nats.password_file", n.PasswordFile, "nats.user", n.User)
	f.needs("nats.tls.cert_file", n.TLS.CertFile, "nats.tls.key_file", n.TLS.KeyFile)
	f.needs("nats.tls.key_file", n.TLS.KeyFile, "nats.tls.cert_file", n.TLS.CertFile)
}

// needs notes a value that makes no sense without another one.
func (f *File) needs(path, value, otherPath, other string) {
	if value != "" && other == "" {
		f.Problemf(path, "%s needs %s", path, otherPath)
	}
}

func (f *File) checkMomento() {
	m := f.Momento
	if m.Region != "" && m.Endpoint != "" {
		f.Problemf("momento.endpoint", "momento.region and momento.endpoint are both set: keep one")
	}
	if m.APIKeyFile != "" && m.APIKeyURL != "" {
		f.Problemf("momento.api_key_url", "momento.api_key_file and momento.api_key_url are both set: keep one")
	}
	f.between("momento.connections", m.Connections, 1, 10_000)
	f.between("momento.pipeline", m.Pipeline, 1, 1024)
	if m.Timeout < Duration(10*time.Millisecond) {
		f.Problemf("momento.timeout", "momento.timeout is %v: give an attempt at least 10ms", m.Timeout)
	}
	if f.ShutdownTimeout < m.Timeout+Duration(time.Second) {
		f.Problemf("shutdown_timeout", "shutdown_timeout %v must be at least a second longer than momento.timeout %v: an attempt that has begun is finished",
			f.ShutdownTimeout, m.Timeout)
	}
}

func (f *File) between(path string, n, least, most int) {
	if n < least || n > most {
		f.Problemf(path, "%s is %d, it must be from %d to %d", path, n, least, most)
	}
}

func (f *File) checkLimits() {
	if f.Limits.Burst < 0 {
		f.Problemf("limits.burst", "limits.burst is %d: write 0 to derive it, or a positive number", f.Limits.Burst)
	}
	if f.Limits.Group == "" {
		f.Problemf("limits.group", "limits.group is empty")
	}
}

func (f *File) checkQueue() {
	f.between("queue.max_messages", f.Queue.MaxMessages, 1, 10_000_000)
	if f.Queue.MaxBytes < 1 {
		f.Problemf("queue.max_bytes", "queue.max_bytes is %d: write a size such as 64MiB", f.Queue.MaxBytes)
	}
	host, port, err := net.SplitHostPort(f.Admin.Listen)
	if err != nil {
		f.Problemf("admin.listen", "admin.listen %q is not an address with a port: write one such as 127.0.0.1:9464", f.Admin.Listen)
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		f.Problemf("admin.listen", "admin.listen %q: the port must be from 0 to 65535", f.Admin.Listen)
	}
	if host != "" && host != "localhost" && net.ParseIP(host) == nil {
		f.Problemf("admin.listen", "admin.listen %q: the host must be an IP address or localhost", f.Admin.Listen)
	}
}

// maxRoutes bounds the routes: each has a label in the metrics and a share of the queue.
const maxRoutes = 1000

func (f *File) checkRoutes() {
	switch n := len(f.Routes); {
	case n == 0 && !f.broken["routes"]:
		f.Problemf("routes", "there is no route: list at least one under routes, or give --subject and --cache")
	case n > maxRoutes:
		f.Problemf("routes", "there are %d routes, at most %d are possible", n, maxRoutes)
	}
	names, consumers := map[string]int{}, map[string]int{}
	for i := range f.Routes {
		path := fmt.Sprintf("routes[%d]", i)
		if f.broken[path] {
			continue
		}
		f.checkRoute(path, &f.Routes[i])
		r := f.Routes[i]
		f.unique(names, r.Name, i, path+".name", "two routes have the name "+strconv.Quote(r.Name))
		if r.Stream != "" && r.Name != "" {
			f.unique(consumers, r.Stream+" "+r.Consumer, i, path+".consumer",
				fmt.Sprintf("two routes use the consumer %q of stream %q: each needs its own", r.Consumer, r.Stream))
		}
	}
}

// unique notes a value that an earlier route has too.
func (f *File) unique(seen map[string]int, value string, i int, path, text string) {
	if value == "" {
		return
	}
	if first, ok := seen[value]; ok {
		f.Problemf(path, "%s (the other is route %d)", text, first+1)
		return
	}
	seen[value] = i
}
