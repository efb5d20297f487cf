package sink

import (
	"strings"

	"momento-bridge/pipeline"
)

// What an answer says in words is looked for in saying.words: in lower case, with a space for each _ and -.

// namesSize reports whether a 429 is about the message's size rather than about the quota: Momento's other interfaces
// use one status for both, told apart by these codes and words.
func (s *saying) namesSize() bool {
	return s.hasAny("size limit", "request limit", "too large",
		"item size", "element size", "message size", "payload size")
}

// namesRate reports whether a 5xx is about the quota.
func (s *saying) namesRate() bool {
	return !s.namesSize() && !s.hasAny("time limit") &&
		s.hasAny("rate exceeded", "rate limit", "too many requests", "throttl", "limit exceeded", "quota")
}

// saysRateExceeded reports whether a 403 is about the quota, as some gateways answer.
func (s *saying) saysRateExceeded() bool {
	return s.hasAny("rate exceeded", "rate limit exceeded", "ratelimitexceeded", "quota exceeded", "quotaexceeded",
		"too many requests", "throttlingexception")
}

// quota is the reason of a refusal for quota.
func (s *saying) quota() string {
	if s.hasAny("throughput") {
		return pipeline.ReasonThroughput
	}
	return ""
}

// namesAddress reports whether a 403 is about where the request comes from.
func (s *saying) namesAddress() bool {
	return s.hasAny("ip filter", "ipfilter", "cidr", "ip address", "source ip", "client ip")
}

// everybodys returns what to do about a 400 that any message would get; empty for one that is the message's own.
// Momento documents the first, the others are of servers that are asked for something else than they serve.
func (s *saying) everybodys() string {
	switch {
	case s.hasAny("token") && s.hasAny("header", "query", "authorization") && s.hasAny("only one", "both", "twice"):
		return "something on the way adds a second key, in the header or in the query; take it out there"
	case s.hasAny("http request to an https", "http request was sent to https"):
		return "the endpoint wants https; check http or https in momento.endpoint"
	case s.hasAny("host header"):
		return "this server does not know the endpoint's host name; " + checkWay
	}
	return ""
}

func (s *saying) hasAny(words ...string) bool {
	for _, w := range words {
		if strings.Contains(s.words, w) {
			return true
		}
	}
	return false
}
