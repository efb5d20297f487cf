package daemon

import (
	"fmt"
	"log/slog"
	"net"
	"time"

	"momento-bridge/config"
	"momento-bridge/sink"
)

// sinkConfig finds the key and the endpoint. The endpoint is the one configured, or else the one that the key names.
func sinkConfig(f *config.File) sink.Config {
	m := f.Momento
	c := sink.Config{
		QueryAuth: m.Auth == config.AuthQuery,
		Timeout:   time.Duration(m.Timeout),
		CAFile:    m.TLS.CAFile,
		Proxies:   proxiesOf(f),
	}
	keys, err := keyring(f, c.Proxies)
	if err != nil {
		f.Problemf("momento.api_key_file", "%v", err)
	}
	c.Keys = keys
	switch {
	case m.Endpoint != "":
		c.Endpoint, err = sink.ParseEndpoint(m.Endpoint)
		if err != nil {
			f.Problemf("momento.endpoint", "%v", err)
		}
	case m.Region != "":
		c.Endpoint, err = sink.FromRegion(m.Region)
		if err != nil {
			f.Problemf("momento.region", "%v", err)
		}
	case keys == nil, f.Broken("momento"), f.Broken("momento.region"),
		f.Broken("momento.endpoint"): // Reported already.
	case keys.Key() == nil: // The vended key may name the endpoint: see firstKey.
	case keys.Key().Endpoint == "":
		f.Problemf("momento", "no endpoint: set region (see `momento-bridge regions`) or endpoint; this %s API key "+
			"names none", keys.Key().Kind)
	default:
		c.Endpoint, err = sink.ParseEndpoint(keys.Key().Endpoint)
		if err != nil {
			f.Problemf("momento", "the endpoint inside the API key cannot be used: %v; set endpoint or region", err)
		}
	}
	checkKeyFits(f, keys)
	checkProxy(f, c)
	return c
}

// Publisher returns a new sink with the plan's endpoint and keys. It opens no connection before one is needed.
func (p *Plan) Publisher(log *slog.Logger) (*sink.Momento, error) { return sink.New(p.sink, log) }

// EndpointURL returns the URL to which messages are published, without a path or credentials.
func (p *Plan) EndpointURL() string { return p.sink.Endpoint.String() }

// Regions lists Momento's regions.
func Regions() []sink.Region { return sink.Regions }

func endpointNote(c sink.Config) string {
	if c.Endpoint.Host == "" {
		return "the one that the vended key names"
	}
	return c.Endpoint.String()
}

// endpointWarning is empty for an endpoint to which the key travels safely.
func endpointWarning(p *Plan) string {
	e := p.sink.Endpoint
	switch {
	case e.Host == "" || e.TLS:
		return ""
	case !loopback(e.Host):
		return "plain HTTP on another machine: the API key travels in the clear; use https://"
	case distantProxy(p.sink):
		return "plain HTTP through a proxy on another machine: the API key travels in the clear; use https://, or " +
			"momento.proxy: none"
	}
	return ""
}

// forwardingWarning is empty unless several publishes in flight go to a proxy that takes the requests itself.
func forwardingWarning(p *Plan) string {
	e := p.sink.Endpoint
	if e.Host == "" || e.TLS || p.pipeline.InFlight == 1 || throughProxy(p.sink) == "" {
		return ""
	}
	return fmt.Sprintf(
		"momento.in_flight: %v to an http:// endpoint through a proxy: many proxies take one publish at a time, "+
			"and those behind it become unclear; use https://, or set momento.in_flight: 1", p.file.Momento.InFlight)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
