package sink

import (
	"context"
	"log/slog"
	"net"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// Config is what an operator sets.
type Config struct {
	Endpoint Endpoint
	Keys     *key.Ring
	// QueryAuth sends the key as the query parameter token rather than in the header Authorization. Never both: the
	// endpoint answers that with 400.
	QueryAuth bool
	Timeout   time.Duration // One attempt, connecting included.
	CAFile    string        // Roots besides the system's; empty for none.
	Proxies   *Proxies      // nil: none.
	// Dial connects to the endpoint; nil: over TCP, to any of its addresses. What it returns may be a Virtual.
	Dial    func(ctx context.Context, address string) (net.Conn, error)
	Version string // The program's, one word, for the endpoint's logs; empty: it is not told.

	forwarder *Proxy // Of plain HTTP: the proxy, which takes the requests instead of the endpoint. Set by New.
}

const (
	// idleLimit is below the idle limits of common servers, of which 5 s is the shortest.
	idleLimit = 4 * time.Second
	// Connections are replaced between the two ages, so that a change of addresses is followed, not all at once.
	youngest, oldest = 3 * time.Minute, 5 * time.Minute
)

// Momento is the Topics endpoint. It may be used concurrently.
type Momento struct {
	cfg     Config
	dialer  *dialer
	log     *slog.Logger
	manners manners
}

// New prepares an endpoint. It opens no connection.
func New(cfg Config, log *slog.Logger) (*Momento, error) {
	d, err := newDialer(cfg.Endpoint, cfg.CAFile)
	if err != nil {
		return nil, err
	}
	if cfg.Dial != nil {
		d.tcp = &racer{newAddresses(virtualAddress), func(ctx context.Context, _ string) (net.Conn, error) {
			return cfg.Dial(ctx, cfg.Endpoint.Addr)
		}}
	}
	proxy, err := cfg.Proxies.ForEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	if proxy != nil {
		d.through(proxy)
	}
	if !cfg.Endpoint.TLS {
		cfg.forwarder = proxy
	}
	return &Momento{cfg: cfg, dialer: d, log: log}, nil
}

var _ pipeline.Sink = (*Momento)(nil)

// Connection returns a connection that carries up to depth publishes at a time, opened when it is first needed.
func (m *Momento) Connection(depth int) pipeline.Connection { return newConnection(m, depth) }

// Publisher returns a publisher with a connection of its own, opened when it is first needed.
func (m *Momento) Publisher() *Publisher { return &Publisher{connection: newConnection(m, 1)} }

// Try opens and closes one connection without publishing. Where that leads no further than a proxy, as it does for
// plain HTTP, it also asks for the endpoint's root.
func (m *Momento) Try() error {
	end := time.Now().Add(m.cfg.Timeout)
	conn, err := m.dialer.dial(end, nil)
	if err != nil {
		return err
	}
	if p := m.cfg.forwarder; p != nil {
		if err := p.try(conn, end, m.cfg.Endpoint); err != nil {
			_ = conn.Close()
			return &ProxyError{m.cfg.Endpoint.Addr, p, err}
		}
	}
	return conn.Close()
}

// Opened is the number of connections opened so far.
func (m *Momento) Opened() uint64 { return m.dialer.opened.Load() }

// rereadKey is called when a key has been refused. It does not wait: what comes of it is told by the keyring's Watch.
func (m *Momento) rereadKey(refused *key.Key) { m.cfg.Keys.Reread(refused) }
