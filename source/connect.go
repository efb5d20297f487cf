package source

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/condition"
	"momento-bridge/logthrottle"
)

// ConnectConfig says how to reach NATS and who we are. At most one kind of credential is set.
type ConnectConfig struct {
	URL          string // Several servers separated by commas.
	CredsFile    string
	NKeyFile     string
	User         string
	PasswordFile string
	TokenFile    string
	// SecretKey is set where PasswordFile or TokenFile is a JSON object: the key of the secret in it.
	SecretKey      string
	CAFile         string
	CertFile       string
	KeyFile        string
	HandshakeFirst bool // TLS before the server says anything.
	API            API
	InboxPrefix    string // Empty for the usual one.
	// Dial connects to "host:port"; nil: over TCP.
	Dial func(network, address string) (net.Conn, error)
	// Called after each attempt that failed, but the first, which gives no reason; nil for nobody.
	Failed func(error)
}

const (
	// Two unanswered pings end a connection: a dead peer is noticed after at most three intervals.
	pingInterval    = 10 * time.Second
	pingsUnanswered = 2
	reconnectWait   = time.Second
	reconnectJitter = time.Second
	connectTimeout  = 5 * time.Second
	// writeTimeout bounds how long a network that takes nothing any more holds up whoever publishes. The pings end
	// the connection.
	writeTimeout = 10 * time.Second
	// complainEvery limits the log while NATS stays away.
	complainEvery = 30 * time.Second
)

// Connect returns a connection that is made in the background and kept for ever: a server that is away or refuses us is
// tried again and again. Credential files are read again before
// each attempt, so that they can be replaced. An error means that the configuration can never work.
func Connect(cfg ConnectConfig, log *slog.Logger) (*nats.Conn, error) {
	creds := newCredentials(&cfg, log)
	options := []nats.Option{
		nats.Name("momento-bridge"),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.CustomReconnectDelay(creds.delay),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(pingsUnanswered),
		nats.Timeout(connectTimeout),
		nats.SetCustomDialer(dialer{connectTimeout, cfg.API, cfg.Dial}),
		nats.SkipHostLookup(),
		nats.FlusherTimeout(writeTimeout),
		nats.IgnoreAuthErrorAbort(),
	}
	options = append(options, connectionLog(log, cfg.Failed, creds.read)...)
	options = append(options, tlsOptions(cfg)...)
	if cfg.InboxPrefix != "" {
		options = append(options, nats.CustomInboxPrefix(cfg.InboxPrefix))
	}
	who, err := creds.options(&cfg)
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect(cfg.URL, append(options, who...)...)
	if wrong, ok := errors.AsType[*url.Error](err); ok {
		err = wrong.Err // Without the URL, which may hold a password.
	}
	if err != nil {
		return nil, fmt.Errorf("connect to NATS (nats.url): %w", err)
	}
	creds.conn.Store(conn)
	return conn, nil
}

func tlsOptions(cfg ConnectConfig) []nats.Option {
	var options []nats.Option
	if cfg.CAFile != "" {
		options = append(options, nats.RootCAs(cfg.CAFile))
	}
	if cfg.CertFile != "" {
		options = append(options, nats.ClientCert(cfg.CertFile, cfg.KeyFile))
	}
	if cfg.HandshakeFirst {
		options = append(options, nats.TLSHandshakeFirst())
	}
	return options
}

// connectionLog logs changes of the connection's state, and what repeats at a limited rate.
// lost is called when it has ended.
func connectionLog(log *slog.Logger, told func(error), lost func()) []nats.Option {
	l := &connectionEvents{log: log, throttled: slog.New(logthrottle.New(log.Handler())), told: told, lost: lost}
	return []nats.Option{
		nats.ConnectHandler(l.connected),
		nats.ReconnectHandler(l.connected),
		nats.ReconnectErrHandler(l.failed),
		nats.DisconnectErrHandler(l.disconnected),
		nats.ErrorHandler(l.reported),
		nats.LameDuckModeHandler(func(c *nats.Conn) {
			log.Info(
				"the NATS server is about to stop; the client moves to another one", "server", c.ConnectedUrlRedacted())
		}),
	}
}

// What is logged of a connection's troubles.
const (
	cannotConnect = "cannot connect to NATS, still trying"
	disconnected  = "disconnected from NATS, reconnecting"
)

// connectionEvents is what a connection's log remembers.
type connectionEvents struct {
	log       *slog.Logger
	told      func(error) // nil for nobody.
	lost      func()
	throttled *slog.Logger // For what NATS reports while connected.

	mu       sync.Mutex // Guards the following.
	failures logthrottle.Repeat
	ends     logthrottle.Repeat
	silent   bool // The end of the connection before was not logged, so neither is this one's begin.
}

func (l *connectionEvents) failed(_ *nats.Conn, err error) {
	if errors.Is(err, nats.ErrNoServers) {
		return // The first attempt, without its reason: the next one has it.
	}
	if l.told != nil {
		l.told(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if passed, due := l.failures.Due(time.Now(), complainEvery); due {
		l.silent = false
		logthrottle.After(l.log, passed).Error(cannotConnect, "error", err, "advice", Advice(err),
			condition.Attribute, condition.Disconnected)
		return
	}
	logthrottle.Pass(l.log, slog.LevelError, cannotConnect, slog.Any("error", err),
		slog.Any(condition.Attribute, condition.Disconnected))
}

func (l *connectionEvents) connected(c *nats.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = logthrottle.Repeat{}
	if !l.silent {
		l.log.Info("connected to NATS", "server", c.ConnectedUrlRedacted(), "server_version",
			c.ConnectedServerVersion())
		if old := OldServer(c); old != "" {
			l.log.Warn("the NATS server is too old", "advice", old)
		}
	}
}

func (l *connectionEvents) disconnected(_ *nats.Conn, err error) {
	if err == nil {
		return // We close it.
	}
	l.mu.Lock()
	passed, due := l.ends.Due(time.Now(), logthrottle.Interval)
	l.silent = !due
	l.mu.Unlock()
	if due {
		logthrottle.After(l.log, passed).Warn(disconnected, "error", err, condition.Attribute, condition.Disconnected)
	} else {
		logthrottle.Pass(l.log, slog.LevelWarn, disconnected, slog.Any("error", err),
			slog.Any(condition.Attribute, condition.Disconnected))
	}
	l.lost()
}

// reported logs what the client or the server complains of while connected.
func (l *connectionEvents) reported(_ *nats.Conn, sub *nats.Subscription, err error) {
	if sub != nil && errors.Is(err, nats.ErrSlowConsumer) {
		return // Its source tells.
	}
	l.throttled.With("error", err).Error("NATS reports an error", "advice", Advice(err))
}

// Advice says what to do about a failure to connect, or an error that NATS reports later.
func Advice(err error) string {
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired),
		errors.Is(err, nats.ErrAuthRevoked):
		return "the server refuses the credentials: check nats.creds_file, nkey_file, user and password_file, " +
			"or token_file"
	case errors.Is(err, nats.ErrPermissionViolation):
		return "grant the NATS user the permissions that docs/permissions.md lists"
	case errors.Is(err, nats.ErrSecureConnRequired), errors.Is(err, nats.ErrSecureConnWanted):
		return "client and server disagree about TLS: use tls:// in nats.url and set nats.tls"
	case errors.Is(err, io.EOF):
		return "the server closes the connection without a word: if it does TLS first (handshake_first), set " +
			"nats.tls.handshake_first: true, otherwise check nats.url"
	case errors.Is(err, os.ErrNotExist):
		return "a credentials file is missing"
	}
	return "check nats.url, the network and the server"
}
