package sink

import (
	"strings"
	"testing"
)

func TestEndpointIsFoundFromEverySpelling(t *testing.T) {
	const cell = "cell-4-us-west-2-1.prod.a.momentohq.com"
	f := func(spelling, wantURL, wantAddr string) {
		t.Helper()
		e, err := ParseEndpoint(spelling)
		if err != nil || e.String() != wantURL || e.Addr != wantAddr {
			t.Errorf("ParseEndpoint(%q) = %s %s %v, want %s %s", spelling, e, e.Addr, err, wantURL, wantAddr)
		}
	}
	f(cell, "https://api.cache."+cell, "api.cache."+cell+":443")
	f("cache."+cell, "https://api.cache."+cell, "api.cache."+cell+":443")
	f("api.cache."+cell, "https://api.cache."+cell, "api.cache."+cell+":443")
	f("https://api.cache."+cell, "https://api.cache."+cell, "api.cache."+cell+":443")
	f("https://api.cache."+cell+"/", "https://api.cache."+cell, "api.cache."+cell+":443")
	f("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080")
	f("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080")
	f("http://localhost", "http://localhost", "localhost:80")
}

func TestBadEndpointSaysWhatToWrite(t *testing.T) {
	f := func(spelling, want string) {
		t.Helper()
		if _, err := ParseEndpoint(spelling); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseEndpoint(%q) = %v, want %q in it", spelling, err, want)
		}
	}
	f("", "not a host")
	f("127.0.0.1:8080", "write a URL, such as http://127.0.0.1:8080")
	f("localhost", "write a URL")
	f("ftp://host", "the scheme is")
	f("https://", "has no host")
	f("https://host/topics", "the path /topics/… is added")
	f("https://user@host", "only scheme, host and port")
	f("us east", "not a host")
}

func TestEveryRegionHasAnEndpoint(t *testing.T) {
	if len(Regions) != 11 {
		t.Errorf("%d regions, want 11", len(Regions))
	}
	for _, r := range Regions {
		e, err := FromRegion(r.Name)
		if err != nil || e.Host != "api.cache."+r.Cell || !e.TLS {
			t.Errorf("FromRegion(%s) = %+v, %v", r.Name, e, err)
		}
	}
	if _, err := FromRegion("us-east1"); err == nil || !strings.Contains(err.Error(), `did you mean "us-east-1"?`) {
		t.Errorf("FromRegion(us-east1) = %v, want a suggestion", err)
	}
}
