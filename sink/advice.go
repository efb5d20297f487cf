package sink

import (
	"net/http"
	"net/url"

	"momento-bridge/excerpt"
)

// What to do about answers that are not about a message, a key, a topic, a cache or the quota.
const (
	notMomento = "this is not Momento's API; check momento.endpoint"
	checkWay   = "check momento.endpoint, and proxies on the way"

	otherAddresses = "the key's role admits other addresses only (ip_filter); add the one that this traffic comes from"
)

// advices are by status, whoever answers so.
var advices = map[int]string{
	101: "the server switches to another protocol; " + checkWay,
	402: "payment is required; look at the account's plan and bills",
	405: "the server takes no POST here; " + checkWay,
	406: "the server has no answer that would do; " + checkWay,
	407: "a proxy wants a user and a password; set them in momento.proxy",
	408: "the request did not arrive in time; look at the network if this goes on",
	409: "a publish conflicts with nothing; " + checkWay,
	410: "what was here is gone for good; check momento.endpoint",
	411: "a proxy on the way loses the length of the request; mend or avoid it",
	414: "the target is too long for a server on the way; shorten topics, or use momento.auth: header",
	415: "the server takes no such content; check the route's content_type and momento.endpoint",
	417: "a server on the way expects another request; " + checkWay,
	421: "the wrong server: it does not serve this host name; " + checkWay,
	425: "a server on the way takes the request for early data of TLS; turn that off there",
	426: "the wrong protocol; check http or https in momento.endpoint, and proxies on the way",
	431: "the head, with the key, is too large for a server on the way; raise its limit",
	444: "a server on the way drops the request; look at its rules",
	451: "refused for legal reasons, perhaps because of where this traffic comes from; ask who refuses it",
	499: "a proxy has given up on the request; compare its time limits with momento.timeout",
	501: "the server knows no such request; " + checkWay,
	505: "the server speaks no HTTP/1.1; " + checkWay,
	511: "the network wants a login before it lets anything through",
}

// statusAdvice is for a status that is none of Momento's.
func statusAdvice(status int) string {
	if advice, ok := advices[status]; ok {
		return advice
	}
	return "Momento's API gives no such answer; " + checkWay
}

// pageAdvice is for a status that Momento's API gives, with a web page, which it does not.
func pageAdvice(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "a server on the way cannot take the request; " + checkWay
	case http.StatusUnauthorized:
		return "a server on the way wants a login; " + checkWay
	case http.StatusForbidden:
		return "a firewall or proxy refuses the request, not Momento; let it through there, or check momento.endpoint"
	case http.StatusNotFound:
		return "this server does not know Momento's paths; check momento.endpoint"
	case http.StatusRequestEntityTooLarge:
		return "a proxy on the way takes no messages of this size; raise its limit"
	}
	return statusAdvice(status)
}

// loginAdvice is for a 407, and for a 401 with a web page, of a proxy that takes the requests: those are its own.
func (p *Proxy) loginAdvice() string {
	if p.authorization == "" {
		return "the proxy wants a user and a password: write " + p.Origin + " as " + proxyLogin
	}
	return "the proxy refuses the user and password: correct them in " + p.Origin
}

// proxyLogin is what a proxy's address with a user and a password looks like.
const proxyLogin = "http://user:password@host:port"

// maxHost bounds what is told of where a redirect points to, in bytes.
const maxHost = 80

// redirected is for a 3xx. Of its target it tells the host alone: path and query may be secret.
func redirected(location string, hidden secrets) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return "a redirect: " + notMomento
	}
	host := u.Host
	if u.Scheme != "" {
		host = u.Scheme + "://" + host
	}
	host = excerpt.Host(host, maxHost, hidden.hidden())
	return "a redirect to " + host + ": momento.endpoint should be that, or it is not Momento's API"
}
