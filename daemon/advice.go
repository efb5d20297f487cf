package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"syscall"

	"momento-bridge/config"
	"momento-bridge/sink"
	"momento-bridge/source"
)

// peer is where a connection goes, in the configuration's words.
type peer struct{ name, address, caFile string }

// The servers that the daemon connects to.
var (
	natsServer   = peer{"NATS", "nats.url", "nats.tls.ca_file"}
	vendorServer = peer{"the token vending machine", "momento.api_key_url", "momento.tls.ca_file"}
)

// endpointServer is the endpoint, which something names.
func endpointServer(by string) peer { return peer{"the endpoint", by, "momento.tls.ca_file"} }

// endpointBy is what names the endpoint.
func endpointBy(m *config.Momento) string {
	switch {
	case m.Endpoint != "":
		return "momento.endpoint"
	case m.Region != "":
		return "momento.region"
	}
	return "the API key, or set momento.endpoint"
}

// advice says what to do about a failure to connect; empty where the error says it or nothing is known.
func (s peer) advice(err error) string {
	if through, ok := errors.AsType[*sink.ProxyError](err); ok {
		return peer{name: "the proxy", address: through.Proxy.Origin}.advice(through.Err)
	}
	if text := s.tlsAdvice(err); text != "" {
		return text
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "no such host: correct " + s.address + ", or the name service"
		}
		return "the name service does not answer: check it, and " + s.address
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: start " + s.name + ", or correct the host and port in " + s.address
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), isTimeout(err),
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "nothing answers there: check " + s.address + ", the network and firewalls"
	case errors.Is(err, syscall.ECONNRESET):
		return "the connection was closed while it was made: check that " + s.address +
			" names the right port and scheme"
	}
	return ""
}

// tlsAdvice is about certificates and servers that do not speak TLS.
func (s peer) tlsAdvice(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is for other names: use one of them in " + s.address
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate is of an authority that is not known here: put its root into " + s.caFile
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return "the certificate has expired, or a clock is wrong: renew it, or set the clock"
		}
		return "the certificate is not valid for this: renew it"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS on that port: correct the scheme or the port in " + s.address
	}
	return ""
}

// isTimeout reports whether an error calls itself one.
func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// natsAdvice says what to do about a failure to connect to NATS.
func natsAdvice(err error) string {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not begin with TLS: correct the port in nats.url, or leave " +
			"nats.tls.handshake_first away"
	}
	if text := natsServer.advice(err); text != "" {
		return text
	}
	return source.Advice(err)
}
