package sink

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"
)

// environment is a getenv.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

func endpoint(t *testing.T, address string) Endpoint {
	t.Helper()
	e, err := ParseEndpoint(address)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestProxyIsTheOneConfiguredOrTheEnvironments(t *testing.T) {
	const secure, plain, local = "https://api.cache.cell.example", "http://10.1.2.3:8080", "http://127.0.0.1:8080"
	both := environment{"HTTPS_PROXY": "http://secure:3128", "HTTP_PROXY": "http://plain:3128"}
	f := func(setting string, env environment, address, want, note string) {
		t.Helper()
		all, err := NewProxies(setting, env.get)
		if err != nil {
			t.Errorf("%q, %v: %v", setting, env, err)
			return
		}
		p, err := all.ForEndpoint(endpoint(t, address))
		got := "none"
		if p != nil {
			got = p.Addr + " " + p.Origin
		}
		if err != nil || got != want {
			t.Errorf("%q, %v: to %s through %s, %v, want %s", setting, env, address, got, err, want)
		}
		if got := all.Note(endpoint(t, address)); got != note {
			t.Errorf("%q, %v: note %q, want %q", setting, env, got, note)
		}
	}
	f("", nil, secure, "none", "")
	f("", both, secure, "secure:3128 HTTPS_PROXY", "http://secure:3128, from HTTPS_PROXY")
	f("", both, plain, "plain:3128 HTTP_PROXY", "http://plain:3128, from HTTP_PROXY")
	f("", both, local, "none", "none: HTTP_PROXY is not for this endpoint, by NO_PROXY or as it is on this machine")
	f("none", both, secure, "none", "none, from momento.proxy")
	f("http://mine:1", both, secure, "mine:1 momento.proxy", "http://mine:1, from momento.proxy")
	f("http://mine:1", both, local, "mine:1 momento.proxy", "http://mine:1, from momento.proxy")
	f("http://mine", nil, secure, "mine:80 momento.proxy", "http://mine:80, from momento.proxy")
	f("HTTP://user:pass@[::1]:3128/", nil, plain, "[::1]:3128 momento.proxy", "http://[::1]:3128, from momento.proxy")
	f("", environment{"HTTPS_PROXY": "user:pass@secure:3128"}, secure,
		"secure:3128 HTTPS_PROXY", "http://secure:3128, from HTTPS_PROXY")
	f("", environment{"https_proxy": "secure"}, secure, "secure:80 https_proxy", "http://secure:80, from https_proxy")
	f("", environment{"HTTP_PROXY": "http://plain:1"}, secure, "none", "")
	f("", environment{"ALL_PROXY": "http://all:1"}, secure, "none", "")
	f("", environment{"HTTPS_PROXY": "secure:1", "no_proxy": ".example"}, secure, "none",
		"none: HTTPS_PROXY is not for this endpoint, by NO_PROXY or as it is on this machine")
	f("", environment{"HTTPS_PROXY": "secure:1", "NO_PROXY": "other.example, 10.0.0.0/8"}, secure,
		"secure:1 HTTPS_PROXY", "http://secure:1, from HTTPS_PROXY")
	f("", environment{"HTTP_PROXY": "plain:1", "NO_PROXY": "10.0.0.0/8"}, plain, "none",
		"none: HTTP_PROXY is not for this endpoint, by NO_PROXY or as it is on this machine")
	f("", environment{"HTTPS_PROXY": "socks5://secure:1", "NO_PROXY": "*"}, secure, "none",
		"none: HTTPS_PROXY is not for this endpoint, by NO_PROXY or as it is on this machine")
	var nobody *Proxies
	p, err := nobody.ForEndpoint(endpoint(t, secure))
	if p != nil || err != nil || nobody.Note(endpoint(t, secure)) != "" {
		t.Errorf("no choice leads through %v, %v", p, err)
	}
}

// What the environment means is defined elsewhere.
func TestEnvironmentHasTheUsualMeaning(t *testing.T) {
	names := []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"}
	for set := range 1 << len(names) {
		env := environment{}
		for _, name := range append(names, "NO_PROXY", "no_proxy", "REQUEST_METHOD") {
			t.Setenv(name, "")
		}
		for i, name := range names {
			if set>>i&1 == 1 {
				env[name] = fmt.Sprintf("host-%d:3128", i)
				t.Setenv(name, env[name])
			}
		}
		for _, except := range []string{
			"", "cell.example", "api.cache.cell.example:443", "*.example", "*", "example:444", "10.1.2.0/24",
			"[2001:db8::1]",
		} {
			env["no_proxy"], env["NO_PROXY"] = except, "api.cache.cell.example:80"
			t.Setenv("no_proxy", env["no_proxy"])
			t.Setenv("NO_PROXY", env["NO_PROXY"])
			all, err := NewProxies("", env.get)
			if err != nil {
				t.Fatal(err)
			}
			usual := httpproxy.FromEnvironment().ProxyFunc()
			for _, address := range []string{
				"https://api.cache.cell.example", "http://api.cache.cell.example", "https://other.example:444",
				"http://10.1.2.3", "https://[2001:db8::1]", "http://localhost:80", "https://[::1]:444",
				"https://127.9.9.9",
			} {
				u, _ := url.Parse(address)
				want, err := usual(u)
				got, gotErr := all.ForEndpoint(endpoint(t, address))
				switch {
				case err != nil || gotErr != nil:
					t.Errorf("%v: %v, %v", env, err, gotErr)
				case (want == nil) != (got == nil) || want != nil && want.Host != got.Addr:
					t.Errorf("%v: to %s through %v, want %v", env, address, got, want)
				}
			}
		}
	}
}

func TestWrongProxyIsRefusedWithoutItsPassword(t *testing.T) {
	const password = "hush-hush"
	f := func(address, want string) {
		t.Helper()
		_, err := NewProxies(address, environment{}.get)
		if err == nil || !strings.HasPrefix(err.Error(), proxySetting+want) || !strings.Contains(err.Error(), "none") {
			t.Fatalf("%s: %v, want %q", address, err, want)
		}
		if strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", address, err)
		}
		address = strings.TrimPrefix(address, "http://")
		if !strings.Contains(address, "://") {
			address = "http://" + address
		}
		all, err := NewProxies("", environment{"HTTPS_PROXY": address}.get)
		if err != nil {
			t.Fatal(err)
		}
		e := Endpoint{TLS: true, base: "http://api.cache.cell.example"}
		if _, err = all.ForEndpoint(e); err == nil {
			return // Without a scheme it is right there.
		}
		text := strings.TrimPrefix(err.Error(), "HTTPS_PROXY")
		if text == err.Error() || !strings.HasSuffix(text, "momento.proxy: none ignores the environment") {
			t.Errorf("HTTPS_PROXY=%s: %v, want its name and what to do", address, err)
		}
		if strings.Contains(text, password) {
			t.Errorf("HTTPS_PROXY=%s: %v", address, err)
		}
	}
	f("user:"+password+"@host:3128", " has no scheme: write http://host:port")
	f("host:3128", " has no scheme: write http://host:port")
	f("NONE", " has no scheme")
	f("https://user:"+password+"@host:3128", " names a proxy with the scheme https://: only http:// proxies are supp")
	f("socks5://user:"+password+"@host:1080", " names a proxy with the scheme socks5://")
	f(password+"://host:1080", " names a proxy of another kind")
	f("http://", " is not the address of a proxy")
	f("http://user:"+password+"@", " is not the address of a proxy")
	f("http://user:"+password+"%zz@host:3128", " is not the address of a proxy")
	f("http://user:"+password+"/x@host:3128", " is not the address of a proxy")
	f("http://user:"+password+"#x@host:3128", " is not the address of a proxy")
	f("http://user:1234/"+password+"@host:3128", " holds more than a proxy's host and port")
	f("http://user:1234#"+password+"@host:3128", " holds more than a proxy's host and port")
	f("http://user:1234?"+password+"@host:3128", " holds more than a proxy's host and port")
	f("http://host:3128/path", " holds more than a proxy's host and port")
	f("http://user:"+password+"@host:99999", ": the port must be")
	f("http://user:"+password+"@host:0", ": the port must be")
	all, _ := NewProxies("", environment{"HTTP_PROXY": "http://host:1", "REQUEST_METHOD": "GET"}.get)
	_, err := all.ForEndpoint(endpoint(t, "http://10.1.2.3"))
	if err == nil || !strings.Contains(err.Error(), "REQUEST_METHOD") {
		t.Errorf("in a CGI environment: %v", err)
	}
}

func TestProxyPrintsWithoutItsPassword(t *testing.T) {
	p, err := parseProxy(proxySetting, "http://the-user:hush%2Fhush@host:3128")
	if err != nil {
		t.Fatal(err)
	}
	failure := &ProxyError{"server:443", p, io.EOF}
	for _, value := range []any{p, *p, struct{ P *Proxy }{p}, struct{ P Proxy }{*p}, failure, *failure} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			for _, secret := range []string{"hush", "the-user", "Basic"} {
				if text := fmt.Sprintf(verb, value); strings.Contains(text, secret) {
					t.Errorf("%s of %T is %s", verb, value, text)
				}
			}
		}
	}
	if text := p.told("no hush/hush hush%2Fhush dGhlLXVzZXI6aHVzaC9odXNo for you"); text != "no … for you" {
		t.Errorf("told: %s", text)
	}
	if text := p.told("not for the user"); strings.Contains(text, "the user") {
		t.Errorf("told: %s", text)
	}
}

func TestVendingMachineOnThisMachineNeedsNoProxy(t *testing.T) {
	f := func(setting, address, want string) {
		t.Helper()
		all, err := NewProxies(setting, environment{"HTTPS_PROXY": "env:1", "HTTP_PROXY": "env:2"}.get)
		if err != nil {
			t.Fatal(err)
		}
		p, err := all.ForVendor(address)
		got := "none"
		if p != nil {
			got = p.Addr
		}
		if err != nil || got != want {
			t.Errorf("%q: to %s through %s, %v, want %s", setting, address, got, err, want)
		}
	}
	f("", "https://vendor.example/token", "env:1")
	f("", "http://localhost/token", "none")
	f("", "https://localhost/token", "none")
	f("http://mine:3", "https://vendor.example/token", "mine:3")
	f("http://mine:3", "http://127.0.0.1:8/token", "none")
	f("http://mine:3", "http://[::1]/token", "none")
	f("http://mine:3", "http://localhost:8/token", "none")
	f("none", "https://vendor.example/token", "none")
}
