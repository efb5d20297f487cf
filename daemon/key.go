package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/config"
	"momento-bridge/daemon/status"
	"momento-bridge/printable"
	"momento-bridge/sink"
	"momento-bridge/sink/key"
)

// KeyEnv names the environment variable that holds the key where no file is given.
const KeyEnv = "MOMENTO_API_KEY"

func keyring(f *config.File, proxies *sink.Proxies) (*key.Ring, error) {
	if m := f.Momento; m.APIKeyURL != "" {
		proxy, err := proxies.ForVendor(m.APIKeyURL)
		if err != nil {
			return nil, err
		}
		transport, err := sink.VendorTransport(m.APIKeyURL, proxy, m.TLS.CAFile)
		if err != nil {
			return nil, err
		}
		return key.FromVendor(key.NewVendor(key.VendorConfig{
			URL:         m.APIKeyURL,
			Post:        m.APIKeyURLMethod == config.MethodPost,
			HeadersFile: m.APIKeyURLHeadersFile,
			BodyFile:    m.APIKeyURLBodyFile,
			Momento:     !anotherServer(m),
			Transport:   transport,
		})), nil
	}
	if f.Momento.APIKeyFile != "" {
		return key.FromFile(f.Momento.APIKeyFile)
	}
	value := os.Getenv(KeyEnv)
	f.Origin("momento.api_key_file", KeyEnv) // Also where the file has the key, but empty.
	if value == "" {
		return nil, fmt.Errorf("no API key: set momento.api_key_file, --api-key-file, or the environment variable %s; "+
			"or momento.api_key_url for a token vending machine", KeyEnv)
	}
	k, err := key.Parse(value)
	if err != nil {
		return nil, err
	}
	return key.Fixed(k), nil
}

// anotherServer reports whether the endpoint may be another server than Momento's, with keys of its own.
func anotherServer(m config.Momento) bool { return strings.Contains(m.Endpoint, "://") }

// checkKeyFits reports a key that Momento cannot know.
func checkKeyFits(f *config.File, keys *key.Ring) {
	if keys != nil && keys.Key() != nil && keys.Key().Kind == key.Opaque && !anotherServer(f.Momento) {
		f.Problemf("momento.api_key_file",
			"the API key is neither a v1, v2 nor legacy Momento key: copy it whole, as the console shows it")
	}
}

// firstKeyTimeout bounds the wait for a key without which nobody knows where to publish.
const firstKeyTimeout = 10 * time.Second

// FirstKey fetches the first vended key if that must name the endpoint, and puts the endpoint into the plan. It tries
// for up to ten seconds; otherwise it returns nil at once.
func (p *Plan) FirstKey(ctx context.Context) error {
	if p.sink.Endpoint.Host != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, firstKeyTimeout)
	defer cancel()
	if err := p.sink.Keys.First(ctx); err != nil {
		return fmt.Errorf("%w\nset momento.region or momento.endpoint, so that the daemon can start while the "+
			"vending machine is away", err)
	}
	key := p.sink.Keys.Key()
	if key.Endpoint == "" {
		return fmt.Errorf("the vended %s API key names no endpoint: set momento.region (see `momento-bridge "+
			"regions`) or momento.endpoint", key.Kind)
	}
	endpoint, err := sink.ParseEndpoint(key.Endpoint)
	if err != nil {
		return fmt.Errorf(
			"the endpoint of the vended API key cannot be used: %w; set momento.region or momento.endpoint", err)
	}
	p.sink.Endpoint = endpoint
	return nil
}

// VendedKey fetches a key where keys are vended, and puts the endpoint that it names into the plan if there is no
// other. It tries for up to ten seconds. Where keys are not vended it returns nil at once.
func (p *Plan) VendedKey(ctx context.Context) error {
	if !p.sink.Keys.Vended() {
		return nil
	}
	once, cancel := context.WithTimeout(ctx, firstKeyTimeout)
	defer cancel()
	if err := p.sink.Keys.First(once); err != nil {
		return err
	}
	return p.FirstKey(ctx)
}

// keyInterval is how often the key's file is looked at.
const keyInterval = time.Second

// WatchKey looks for a new key, each second in a file or before a vended key expires, and replaces the plan's, until
// ctx is done. It calls failed, on the same goroutine, once for each time that looking begins to fail.
func (p *Plan) WatchKey(ctx context.Context, failed func(error)) {
	p.sink.Keys.Watch(ctx, keyInterval, func() {}, failed)
}

func (d *Daemon) keyChanged() {
	d.log.Info("a new API key is in use", "key", d.plan.keyNote())
	d.pipe.KeyChanged()
}

func (d *Daemon) keyFailed(err error) {
	logNoKey(d.log, d.plan.sink.Keys, err)
}

// logNoKey tells that no key could be had.
func logNoKey(log *slog.Logger, keys *key.Ring, err error) {
	if keys.Key() == nil {
		log.Error(
			"no API key yet, still trying: nothing is published; check what momento.api_key_url answers", "error", err,
			condition.Attribute, condition.KeyMissing)
		return
	}
	log.Error("no new API key, still trying; the old one stays in use", "error", err, condition.Attribute,
		condition.KeyMissing)
}

// keyNote says what kind of key is in use.
func (p *Plan) keyNote() string {
	if k := p.sink.Keys.Key(); k != nil {
		return string(k.Kind) + expiry(k.Expires)
	}
	return "from the token vending machine, fetched when the daemon starts"
}

func expiry(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	left := time.Until(t)
	if left < 0 {
		return ", EXPIRED on " + t.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf(", expires %s (in %v)", t.UTC().Format(time.RFC3339), left.Round(time.Second))
}

// keyWarning is empty for a key that lasts, or is replaced.
func keyWarning(p *Plan, now time.Time) string {
	k := p.sink.Keys.Key()
	if k == nil || p.sink.Keys.Vended() || k.Expires.IsZero() || k.Expires.After(now.Add(status.KeyNotice)) {
		return ""
	}
	what := "expires within a day, on "
	if !k.Expires.After(now) {
		what = "has expired on "
	}
	return what + k.Expires.UTC().Format(time.RFC3339) + ": " + condition.ExpiringKey(keyHolder(p.sink.Keys))
}

// keyHolder names what holds the key, to stand within a sentence; empty if a token vending machine gives it.
func keyHolder(keys *key.Ring) string {
	switch {
	case keys.Vended():
		return ""
	case keys.File() == "":
		return "the variable " + KeyEnv + " and restart"
	}
	path := keys.File()
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	return "the key file " + printable.Text(path)
}

// KeyAdvice says what to do about a key that is refused, to stand within a sentence; empty if the plan has none.
func (p *Plan) KeyAdvice() string {
	if p.sink.Keys == nil {
		return ""
	}
	k := keyFacts(p.sink.Keys)
	return k.Advice()
}

// keyFacts are what is known of the key, without the key.
func keyFacts(keys *key.Ring) status.Key {
	f := status.Key{Key: admin.Key{Kind: "none yet", Vended: keys.Vended()}, Holder: keyHolder(keys)}
	if k := keys.Key(); k != nil {
		f.Kind = string(k.Kind)
		if expires := k.Expires.UTC(); !k.Expires.IsZero() {
			f.Expires = &expires
		}
	}
	if err := keys.Missing(); err != nil {
		f.Missing = err.Error()
	}
	if err := keys.Trouble(); err != nil {
		f.Trouble = err.Error()
	}
	return f
}
