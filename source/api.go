package source

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// API is where JetStream is asked: the zero value is the server's own. At most one of the two is set.
type API struct {
	Domain string // Such as that of a leaf node's hub.
	Prefix string // Without the dot at its end.
}

// subject returns the subject of a request.
func (a API) subject(request string) string {
	switch {
	case a.Domain != "":
		return "$JS." + a.Domain + ".API." + request
	case a.Prefix != "":
		return a.Prefix + "." + request
	}
	return "$JS.API." + request
}

// granted names what a user must be allowed to publish to for a request. A server takes the domain that it is in
// itself out of the subject before it looks at permissions.
func (a API) granted(request string) string {
	if a.Domain == "" {
		return a.subject(request)
	}
	return fmt.Sprintf(
		"%s (to %s where the server itself is in the domain %s)", a.subject(request), API{}.subject(request), a.Domain)
}

// hint says what to look at when a stream is not where it is asked for.
func (a API) hint() string {
	switch {
	case a.Domain != "":
		return fmt.Sprintf(" (asked in the domain %s, nats.domain)", a.Domain)
	case a.Prefix != "":
		return fmt.Sprintf(" (asked under %s, nats.api_prefix)", a.Prefix)
	}
	return ", or set nats.domain where it is in another JetStream domain, such as that of a leaf node's hub"
}

// apiOf returns where a connection asks JetStream. The connection keeps it in its dialer, so that whoever has the one
// has the other.
func apiOf(conn *nats.Conn) API {
	if d, ok := conn.Opts.CustomDialer.(interface{ jetStream() API }); ok {
		return d.jetStream()
	}
	return API{}
}

// NewAPI returns JetStream as the connection asks it.
func NewAPI(conn *nats.Conn) (jetstream.JetStream, error) {
	api := apiOf(conn)
	js, err := jetstream.New(conn)
	switch {
	case api.Domain != "":
		js, err = jetstream.NewWithDomain(conn, api.Domain)
	case api.Prefix != "":
		js, err = jetstream.NewWithAPIPrefix(conn, api.Prefix)
	}
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return js, nil
}
