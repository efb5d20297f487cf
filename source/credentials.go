package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"momento-bridge/chance"
	"momento-bridge/logthrottle"
	"momento-bridge/secretfile"
)

// credentials are a file that says who we are. It is read before each attempt to connect, or, where there are several
// servers, before they are tried in turn; what nats.go asks for under its mutex is in memory. What cannot be read
// leaves what was read before.
type credentials struct {
	path string
	key  string       // Of the secret in a JSON object; empty: the whole file is the secret.
	log  *slog.Logger // Throttled.
	last atomic.Pointer[contents]

	// For an NKey.
	conn   atomic.Pointer[nats.Conn] // nil during the first attempt.
	dialed atomic.Pointer[nkeyPair]  // Of the attempt that is being made.
}

// contents are what was read of a file, or why nothing was.
type contents struct {
	text string
	err  error
}

// read reads the file. It takes some seconds at the most.
func (c *credentials) read() {
	if c.path == "" {
		return
	}
	text, err := secretfile.Read(context.Background(), c.path)
	before := c.last.Load()
	switch {
	case err == nil || before == nil:
		c.last.Store(&contents{text, err})
	case before.err == nil:
		c.log.Warn(
			"a file with credentials for NATS cannot be read: what it said before is used", "file", c.path,
			"error", err)
	}
}

func (c *credentials) text() (string, error) {
	last := c.last.Load()
	if last.err != nil {
		return "", fmt.Errorf("read the credentials for NATS: %w", last.err)
	}
	return last.text, nil
}

// secret returns the text without white space around it. A file that cannot be read makes the server refuse us, which
// is logged.
func (c *credentials) secret() string {
	text, _ := c.text()
	if c.key == "" {
		return strings.TrimSpace(text)
	}
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return ""
	}
	secret, _ := object[c.key].(string)
	return secret
}

// delay is nats.go's wait before the servers are tried again. It calls this without its mutex.
func (c *credentials) delay(int) time.Duration {
	c.read()
	return reconnectWait + chance.Below(reconnectJitter)
}

// jwt returns the user's JWT.
func (c *credentials) jwt() (string, error) {
	text, err := c.text()
	if err != nil {
		return "", err
	}
	return nkeys.ParseDecoratedJWT([]byte(text))
}

// signJWT signs the server's challenge with the seed beside the JWT.
func (c *credentials) signJWT(nonce []byte) ([]byte, error) {
	text, err := c.text()
	if err != nil {
		return nil, err
	}
	pair, err := nkeys.ParseDecoratedUserNKey([]byte(text))
	if err != nil {
		return nil, err
	}
	defer pair.Wipe()
	return pair.Sign(nonce)
}

// nkeyPair is an NKey and the seed that signs for it.
type nkeyPair struct {
	public string
	seed   string
}

func (c *credentials) nkey() (*nkeyPair, error) {
	text, err := c.text()
	if err != nil {
		return nil, err
	}
	public, err := publicOf(text)
	if err != nil {
		return nil, fmt.Errorf("read the NKey seed (nats.nkey_file): %w", err)
	}
	return &nkeyPair{public, text}, nil
}

// publicOf returns the public key of the seed in a text.
func publicOf(text string) (string, error) {
	pair, err := nkeys.ParseDecoratedNKey([]byte(text))
	if err != nil {
		return "", err
	}
	defer pair.Wipe()
	public, err := pair.PublicKey()
	if err == nil && !nkeys.IsValidPublicUserKey(public) {
		err = errors.New("it is no seed of a user")
	}
	return public, err
}

// CheckSeed returns an error for a text that can be neither that of ConnectConfig.NKeyFile nor that of CredsFile. The
// error shows nothing of it.
func CheckSeed(text string) error {
	if _, err := publicOf(text); err != nil {
		return errors.New("it holds no seed of a NATS user, which begins with SU")
	}
	return nil
}

// signNKey signs for the NKey that the attempt has begun with.
func (c *credentials) signNKey(nonce []byte) ([]byte, error) {
	pair, err := nkeys.ParseDecoratedNKey([]byte(c.dialed.Load().seed))
	if err != nil {
		return nil, err
	}
	defer pair.Wipe()
	return pair.Sign(nonce)
}

// nkeyDialer gives the connection the NKey that is valid now: nats.go has only the public key's text in its options,
// and reads it after it has dialled, under the same mutex.
type nkeyDialer struct {
	dialer

	creds *credentials
}

// Dial implements nats.CustomDialer.
func (d nkeyDialer) Dial(network, address string) (net.Conn, error) {
	pair, err := d.creds.nkey()
	if err != nil {
		return nil, err
	}
	d.creds.dialed.Store(pair)
	if conn := d.creds.conn.Load(); conn != nil {
		conn.Opts.Nkey = pair.public
	}
	return d.dialer.Dial(network, address)
}

// options returns what makes nats.go use the credentials, and reads them for the first time.
func (c *credentials) options(cfg *ConnectConfig) ([]nats.Option, error) {
	c.read()
	switch c.path {
	case "":
		return nil, nil
	case cfg.CredsFile:
		return []nats.Option{nats.UserJWT(c.jwt, c.signJWT)}, nil
	case cfg.NKeyFile:
		pair, err := c.nkey()
		if err != nil {
			return nil, err
		}
		return []nats.Option{
			nats.Nkey(pair.public, c.signNKey),
			nats.SetCustomDialer(nkeyDialer{dialer{connectTimeout, cfg.API, cfg.Dial}, c}),
		}, nil
	case cfg.PasswordFile:
		return []nats.Option{nats.UserInfoHandler(func() (string, string) { return cfg.User, c.secret() })}, nil
	}
	return []nats.Option{nats.TokenHandler(c.secret)}, nil
}

// newCredentials returns the credentials of which a connection makes use: none, or of one kind.
func newCredentials(cfg *ConnectConfig, log *slog.Logger) *credentials {
	c := &credentials{key: cfg.SecretKey, log: slog.New(logthrottle.New(log.Handler()))}
	switch {
	case cfg.CredsFile != "":
		c.path = cfg.CredsFile
	case cfg.NKeyFile != "":
		c.path = cfg.NKeyFile
	case cfg.User != "":
		c.path = cfg.PasswordFile
	default:
		c.path = cfg.TokenFile
	}
	return c
}
