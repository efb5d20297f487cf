package daemon

import (
	"net"
	"os"

	"momento-bridge/config"
	"momento-bridge/sink"
)

// proxiesOf returns what the configuration and the environment say of proxies, nil if that is no good.
func proxiesOf(f *config.File) *sink.Proxies {
	proxies, err := sink.NewProxies(string(f.Momento.Proxy), os.Getenv)
	if err != nil {
		f.Problemf("momento.proxy", "%v", err)
		return nil
	}
	return proxies
}

// checkProxy reports a proxy for the endpoint that cannot be used.
func checkProxy(f *config.File, c sink.Config) {
	if c.Endpoint.Host == "" { // Not known yet, or no good.
		return
	}
	if _, err := c.Proxies.ForEndpoint(c.Endpoint); err != nil {
		f.Problemf("momento.proxy", "%v", err)
	}
}

// vendorProxyNote says which proxy leads to the token vending machine; empty if none does.
func vendorProxyNote(f *config.File, p *Plan) string {
	if f.Momento.APIKeyURL == "" {
		return ""
	}
	proxy, err := p.sink.Proxies.ForVendor(f.Momento.APIKeyURL)
	if proxy == nil || err != nil {
		return ""
	}
	return proxy.Note()
}

// throughProxy says through which proxy the endpoint is reached, to follow its name; empty if through none.
func throughProxy(c sink.Config) string {
	proxy, err := c.Proxies.ForEndpoint(c.Endpoint)
	if proxy == nil || err != nil {
		return ""
	}
	return " through the proxy " + proxy.Addr
}

// distantProxy reports whether the endpoint is reached through a proxy on another machine.
func distantProxy(c sink.Config) bool {
	proxy, err := c.Proxies.ForEndpoint(c.Endpoint)
	if proxy == nil || err != nil {
		return false
	}
	host, _, err := net.SplitHostPort(proxy.Addr)
	return err != nil || !loopback(host)
}
