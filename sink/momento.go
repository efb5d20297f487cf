package sink

import (
	"log/slog"
	"time"

	"momento-bridge/pipeline"
)

// Config is what an operator sets.
type Config struct {
	Endpoint Endpoint
	Keys     *Keyring
	// QueryAuth sends the key as the query parameter token rather than in the header Authorization. Never both: the
	// endpoint answers that with 400.
	QueryAuth bool
	Timeout   time.Duration // One attempt, connecting included.
	CAFile    string        // Roots besides the system's; empty for none.
}

const (
	// idleLimit is below the idle limits of common servers, of which 5 s is the shortest.
	idleLimit = 4 * time.Second
	// Connections are replaced between the two ages, so that a change of addresses is followed, not all at once.
	youngest, oldest = 3 * time.Minute, 5 * time.Minute
	// ioBuffer holds a request with a 4 KB payload, so that it leaves in one system call.
	ioBuffer = 8 << 10
	// maxBody bounds an answer's body.
	maxBody = 64 << 10
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
	return &Momento{cfg: cfg, dialer: d, log: log}, nil
}

var _ pipeline.Sink = (*Momento)(nil)

// Publisher returns a publisher with a connection of its own, opened when it is first needed.
func (m *Momento) Publisher() pipeline.Publisher { return newPublisher(m) }

// Try opens and closes one connection without publishing.
func (m *Momento) Try() error {
	conn, err := m.dialer.dial(time.Now().Add(m.cfg.Timeout), nil)
	if err != nil {
		return err
	}
	return conn.Close()
}

// Opened is the number of connections opened so far.
func (m *Momento) Opened() uint64 { return m.dialer.opened.Load() }

// rereadKey is called when a key has been refused. It does not wait: what comes of it is told by the keyring's Watch.
func (m *Momento) rereadKey(refused *Key) { m.cfg.Keys.Reread(refused) }
