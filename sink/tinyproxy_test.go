package sink

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/test/lab"
)

// tinyproxy is a real proxy in a process of its own.
type tinyproxy struct {
	t       *testing.T
	addr    string
	file    string
	process *exec.Cmd
}

// newTinyproxy starts tinyproxy with more lines in its configuration.
func newTinyproxy(t *testing.T, more ...string) *tinyproxy {
	t.Helper()
	if _, err := exec.LookPath("tinyproxy"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tinyproxy is not installed; .ci/run installs it")
		}
		t.Skip("tinyproxy is not installed: apt-get install tinyproxy")
	}
	addr := lab.FreeAddress()
	_, port, _ := net.SplitHostPort(addr)
	p := &tinyproxy{t: t, addr: addr, file: filepath.Join(t.TempDir(), "tinyproxy.conf")}
	lines := append([]string{
		"Port " + port, "Listen 127.0.0.1", "Allow 127.0.0.1",
		"Timeout 60", "MaxClients 50", "LogLevel Warning",
	}, more...)
	writeFile(t, p.file, strings.Join(lines, "\n")+"\n")
	p.start()
	t.Cleanup(p.kill)
	return p
}

// start starts the process and waits until it listens.
func (p *tinyproxy) start() {
	p.t.Helper()
	p.process = exec.Command("tinyproxy", "-d", "-c", p.file)
	if err := p.process.Start(); err != nil {
		p.t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("tinyproxy does not listen: %v", err)
		}
	}
}

func (p *tinyproxy) kill() {
	_ = p.process.Process.Kill()
	_ = p.process.Wait()
}

func TestRealProxyCarriesPublishes(t *testing.T) {
	t.Parallel()
	secure, ca := secureEndpoint(t, "")
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.RequestURI, "://") || r.Header.Get("Proxy-Authorization") != "" {
			t.Errorf("the endpoint sees %s, %q", r.RequestURI, r.Header)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(plain.Close)
	open := newTinyproxy(t)
	guarded := newTinyproxy(t, `BasicAuth the-user hush`)
	for _, address := range []string{secure.URL, plain.URL} {
		for proxy, via := range map[*tinyproxy]string{open: "", guarded: "the-user:hush@"} {
			m := newMomento(t, address, func(c *Config) { c.CAFile, c.Proxies = ca, through(t, via+proxy.addr) })
			if err := m.Try(); err != nil {
				t.Error(err)
			}
			p := m.Publisher()
			unclear := 0
			for i := range 20 {
				a := p.Publish(request(fmt.Sprint(i), []byte("x")))
				switch {
				case a.Verdict == pipeline.Ambiguous &&
					address == plain.URL: // It closes after each answer, unannounced.
					unclear++
				case a.Verdict != pipeline.Accept:
					t.Errorf("%s: %+v", address, a)
				}
			}
			if unclear > habitAfter {
				t.Errorf("%d publishes are unclear: the proxy's habit is not learned", unclear)
			}
			p.Close()
		}
	}
}

func TestRealProxyRefuses(t *testing.T) {
	t.Parallel()
	secure, ca := secureEndpoint(t, "")
	addr := secure.Listener.Addr().String()
	guarded := newTinyproxy(t, `BasicAuth the-user hush`)
	f := func(proxy, address, want string) {
		t.Helper()
		err := newMomento(t, address, func(c *Config) { c.CAFile, c.Proxies = ca, through(t, proxy) }).Try()
		text := fmt.Sprint(err)
		if !strings.Contains(text, " through the proxy 127.0.0.1:") || !strings.Contains(text, want) {
			t.Errorf("%s: %s, want %q", address, text, want)
		}
		if strings.Contains(text, "hush") || strings.Contains(text, "the-user") {
			t.Errorf("%s: %s", address, text)
		}
	}
	for _, address := range []string{"https://" + addr, "http://" + addr} {
		f(guarded.addr, address, ": the proxy wants a user and a password (407)")
		f("the-user:hushhush@"+guarded.addr, address, ": the proxy refuses the user and password (401)")
	}
	nobody := refusingAddress(t)
	for _, address := range []string{"https://" + nobody, "http://" + nobody} {
		f("the-user:hush@"+guarded.addr, address, ": the proxy answers 500 Unable to connect; it may not reach ")
	}
	ports := newTinyproxy(t, "ConnectPort 1")
	f(ports.addr, "https://"+addr, ": the proxy answers 403 Access violation; check that it is")
	filter := filepath.Join(t.TempDir(), "filter")
	writeFile(t, filter, "host.example\n")
	hosts := newTinyproxy(t, `Filter "`+filter+`"`)
	f(hosts.addr, "https://host.example", ": the proxy answers 403 Filtered; check that it is")
}

// A proxy that dies takes its connections with it. They are made again when it is back.
func TestRealProxyDiesAndComesBack(t *testing.T) {
	t.Parallel()
	secure, ca := secureEndpoint(t, "")
	proxy := newTinyproxy(t)
	m := newMomento(t, secure.URL, func(c *Config) { c.CAFile, c.Proxies = ca, through(t, proxy.addr) })
	p := m.Publisher()
	defer p.Close()
	publish := func() pipeline.Answer { return p.Publish(request("t", []byte("x"))) }
	if a := publish(); a.Verdict != pipeline.Accept {
		t.Fatalf("%+v", a)
	}
	proxy.kill()
	if a := publish(); a.Verdict != pipeline.Ambiguous && a.Verdict != pipeline.Retry {
		t.Errorf("on a connection that is dead: %+v", a)
	}
	want := "through the proxy " + proxy.addr + ": the proxy cannot be reached: dial tcp " + proxy.addr
	a := publish()
	if a.Verdict != pipeline.Retry || a.Result != pipeline.ResultNetwork || !strings.Contains(a.Detail, want) {
		t.Errorf("%+v, want a retry as it %s", a, want)
	}
	proxy.start()
	if a := publish(); a.Verdict != pipeline.Accept {
		t.Errorf("%+v", a)
	}
}
