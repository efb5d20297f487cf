package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/secretfile"
	"momento-bridge/sink"
	"momento-bridge/sink/key"
	"momento-bridge/source"
	"momento-bridge/source/template"
)

// Plan is a configuration turned into what the packages take.
type Plan struct {
	file        *config.File // What the daemon is started with: only limits change while it runs.
	nats        source.ConnectConfig
	sink        sink.Config
	endpointBy  string          // What names the endpoint, in the configuration's words.
	pipeline    pipeline.Config // Without its routes.
	routes      []routePlan
	adminListen string
	adminHosts  []string // In lower case.
	pprof       bool
	shutdown    time.Duration
}

// routePlan is one route: exactly one of core and jetStream is set.
type routePlan struct {
	route      pipeline.RouteConfig // Without settler and dead letters.
	core       *source.CoreConfig
	jetStream  *source.JetStreamConfig
	deadLetter string // A subject, or empty.
	from, to   string // What it consumes and where it publishes, for people.
}

// wholeStream is the stream that the route consumes without a filter; empty if it has one, or no stream.
func (r *routePlan) wholeStream() string {
	if r.jetStream == nil || len(r.jetStream.Filters()) > 0 {
		return ""
	}
	return r.jetStream.Stream
}

// NewPlan checks what only the packages can know, such as templates and keys, and reports every problem to the file.
func NewPlan(f *config.File) *Plan {
	c := &f.Config
	p := &Plan{
		file:        f,
		nats:        connectConfig(c.NATS),
		endpointBy:  endpointBy(&c.Momento),
		adminListen: c.Admin.Listen,
		adminHosts:  adminHosts(c.Admin),
		pprof:       c.Admin.Pprof,
		shutdown:    time.Duration(c.ShutdownTimeout),
	}
	checkFiles(f)
	p.sink = sinkConfig(f)
	p.pipeline = pipeline.Config{
		Workers:     c.Momento.Connections,
		InFlight:    c.Momento.InFlight,
		Timeout:     time.Duration(c.Momento.Timeout),
		MaxMessages: c.Queue.MaxMessages,
		MaxBytes:    int64(c.Queue.MaxBytes),
		Limits:      limitsOf(c),
		Operations:  c.Limits.Unit == config.UnitOperations,
		Delays:      pipeline.DefaultDelays(),
	}
	for i := range c.Routes {
		p.routes = append(p.routes, newRoutePlan(f, i))
	}
	return p
}

// adminHosts are the names by which the listener may be asked: those configured, and the machine's own.
func adminHosts(c config.Admin) []string {
	names := strings.Split(c.Hosts, ",")
	if host, _, err := net.SplitHostPort(c.Listen); err == nil {
		names = append(names, host)
	}
	if own, err := os.Hostname(); err == nil {
		names = append(names, own)
	}
	for i := range names {
		names[i] = strings.ToLower(strings.TrimSpace(names[i]))
	}
	return names
}

func connectConfig(c config.NATS) source.ConnectConfig {
	return source.ConnectConfig{
		URL:          c.URL,
		CredsFile:    c.CredsFile,
		NKeyFile:     c.NKeyFile,
		User:         c.User,
		PasswordFile: c.PasswordFile,
		TokenFile:    c.TokenFile,
		CAFile:       c.TLS.CAFile,
		CertFile:     c.TLS.CertFile,
		KeyFile:      c.TLS.KeyFile,

		HandshakeFirst: c.TLS.HandshakeFirst,
		API:            source.API{Domain: c.Domain, Prefix: c.APIPrefix},
		InboxPrefix:    c.InboxPrefix,
		SecretKey:      contextSecret(&c),
	}
}

// checkFiles reports files that cannot be read, which would otherwise only show as a refused connection. The key's own
// is read by keyring.
func checkFiles(f *config.File) {
	n, m := f.NATS, f.Momento
	for _, file := range [...]struct {
		path, name string
		read       func(name string) error
	}{
		{"nats.creds_file", n.CredsFile, readSecret},
		{"nats.nkey_file", n.NKeyFile, readSecret},
		{"nats.password_file", n.PasswordFile, readSecret},
		{"nats.token_file", n.TokenFile, readSecret},
		{"nats.tls.ca_file", n.TLS.CAFile, openFile},
		{"nats.tls.cert_file", n.TLS.CertFile, openFile},
		{"nats.tls.key_file", n.TLS.KeyFile, readSecret},
		{"momento.tls.ca_file", m.TLS.CAFile, openFile},
		{"momento.api_key_url_headers_file", m.APIKeyURLHeadersFile, readHeaders},
		{"momento.api_key_url_body_file", m.APIKeyURLBodyFile, readSecret},
	} {
		if file.name == "" {
			continue
		}
		err := file.read(file.name)
		if _, system := errors.AsType[*os.PathError](err); system {
			f.Problemf(file.path, "%s cannot be read: %v; correct the path or the permissions", file.path, err)
		} else if err != nil {
			f.Problemf(file.path, "%s names %s: %v", file.path, file.name, err)
		}
	}
}

func readSecret(name string) error {
	_, err := secretfile.Read(context.Background(), name)
	return err
}

func readHeaders(name string) error {
	_, err := key.ReadHeaders(context.Background(), name)
	return err
}

func openFile(name string) error {
	readable, err := os.Open(name)
	if err == nil {
		readable.Close()
	}
	return err
}

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
	case keys == nil, f.Broken("momento"), f.Broken("momento.region"), f.Broken("momento.endpoint"): // Reported already.
	case keys.Key() == nil: // The vended key may name the endpoint: see firstKey.
	case keys.Key().Endpoint == "":
		f.Problemf("momento", "no endpoint: set region (see `momento-bridge regions`) or endpoint; this %s API key names none", keys.Key().Kind)
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

// anotherServer reports whether the endpoint may be another server than Momento's, with keys of its own.
func anotherServer(m config.Momento) bool { return strings.Contains(m.Endpoint, "://") }

// checkKeyFits reports a key that Momento cannot know.
func checkKeyFits(f *config.File, keys *key.Ring) {
	if keys != nil && keys.Key() != nil && keys.Key().Kind == key.Opaque && !anotherServer(f.Momento) {
		f.Problemf("momento.api_key_file", "the API key is neither a v1, v2 nor legacy Momento key: copy it whole, as the console shows it")
	}
}

// KeyEnv holds the key where no file is given.
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
	if !f.Has("momento.api_key_file") {
		f.Origin("momento.api_key_file", KeyEnv)
	}
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

// firstKeyTimeout bounds the wait for a key without which nobody knows where to publish.
const firstKeyTimeout = 10 * time.Second

// FirstKey fetches the first vended key if it must name the endpoint.
func (p *Plan) FirstKey(ctx context.Context) error {
	if p.sink.Endpoint.Host != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, firstKeyTimeout)
	defer cancel()
	if err := p.sink.Keys.First(ctx); err != nil {
		return fmt.Errorf("%w\nset momento.region or momento.endpoint, so that the daemon can start while the vending machine is away", err)
	}
	key := p.sink.Keys.Key()
	if key.Endpoint == "" {
		return fmt.Errorf("the vended %s API key names no endpoint: set momento.region (see `momento-bridge regions`) or momento.endpoint", key.Kind)
	}
	endpoint, err := sink.ParseEndpoint(key.Endpoint)
	if err != nil {
		return fmt.Errorf("the endpoint of the vended API key cannot be used: %w; set momento.region or momento.endpoint", err)
	}
	p.sink.Endpoint = endpoint
	return nil
}

// VendedKey fetches a key where keys are vended, and the endpoint that it names if there is no other.
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

// Publisher returns the sink.
func (p *Plan) Publisher(log *slog.Logger) (*sink.Momento, error) { return sink.New(p.sink, log) }

// EndpointURL is where publishes go.
func (p *Plan) EndpointURL() string { return p.sink.Endpoint.String() }

// WatchKey replaces the key whenever there is a new one, until ctx is done. failed is told when none can be had.
func (p *Plan) WatchKey(ctx context.Context, failed func(error)) {
	p.sink.Keys.Watch(ctx, keyInterval, func() {}, failed)
}

func newRoutePlan(f *config.File, i int) routePlan {
	r := f.Routes[i]
	path := fmt.Sprintf("routes[%d]", i)
	filters := r.Filters()
	subject, several := "", filters
	if len(filters) < 2 {
		subject, several = strings.Join(filters, ""), nil
	}
	if len(filters) == 0 {
		filters = []string{">"}
	}
	topics, err := template.Compile(filters, r.Topic)
	if err != nil && !f.Broken(path+".subject") && !f.Broken(path+".subjects") {
		f.Problemf(path+".topic", "%v", err)
	}
	p := routePlan{
		route: pipeline.RouteConfig{
			Name:        r.Name,
			Cache:       r.Cache,
			Ordered:     r.Ordering == config.OrderingTopic,
			AtMostOnce:  r.Delivery == config.AtMostOnce,
			Text:        r.ContentType == config.TextPlain,
			MaxPayload:  int(r.MaxPayload),
			Batch:       batchOf(r.Batch),
			Overload:    overloads[r.Overload],
			MaxAge:      time.Duration(r.MaxAge),
			GiveUpAfter: time.Duration(r.GiveUpAfter),
			Subscribers: r.Subscribers,
			Empty:       empties[r.Empty],
		},
		deadLetter: r.DeadLetter.Subject,
		from:       consumed(r),
		to:         r.Cache + "/" + r.Topic,
	}
	if f.Has(path + ".give_up_after") { // By default topics are waited for.
		p.route.GiveUpForbidden = time.Duration(r.GiveUpAfter)
	}
	shareMessages := max(1, f.Queue.MaxMessages/len(f.Routes))
	shareBytes := max(1, int64(f.Queue.MaxBytes)/int64(len(f.Routes)))
	if r.Stream == "" {
		p.core = &source.CoreConfig{
			Route: r.Name, Subject: subject, Subjects: several, Queue: r.Queue, Template: topics,
			PendingMessages: shareMessages, PendingBytes: int(shareBytes),
		}
		return p
	}
	p.jetStream = &source.JetStreamConfig{
		Route: r.Name, Stream: r.Stream, Subject: subject, Subjects: several, Consumer: r.Consumer,
		Create: r.CreateConsumer, DeliverNew: r.Deliver == config.DeliverNew, Template: topics,
		Ordered: p.route.Ordered, Overload: p.route.Overload,
		Circumstances: source.Circumstances{
			Rate:          leastRate(&f.Config, i),
			Connections:   f.Momento.Connections * f.Momento.InFlight,
			Timeout:       time.Duration(f.Momento.Timeout),
			QueueMessages: shareMessages,
		},
	}
	p.jetStream.DeliverFrom, _ = r.Deliver.Time()
	p.jetStream.DeliverSequence, _ = r.Deliver.Sequence()
	return p
}

// Regions lists Momento's regions.
func Regions() []sink.Region { return sink.Regions }
