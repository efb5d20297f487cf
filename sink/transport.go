package sink

import (
	"crypto/tls"
	"net/http"

	"momento-bridge/sink/key"
)

// VendorTransport returns what carries requests to the token vending machine at an address: through a proxy, nil for
// none, and with the roots in a file besides the system's, if one is named. It keeps no connections, as a fetch an
// hour needs none in between.
func VendorTransport(address string, proxy *Proxy, caFile string) (*http.Transport, error) {
	roots, err := rootsWith(caFile)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:     true,
		ResponseHeaderTimeout: key.FetchTimeout,
	}
	proxy.use(transport, parsed(address).Host, key.FetchTimeout)
	return transport, nil
}
