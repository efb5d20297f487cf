// Package config is the configuration file: its keys, defaults, strict reading, and the checks that need nothing but
// the file. It reports all problems at once, each with its place. Of the other packages it knows subject alone.
package config

// Config is the whole file. Its tags are the columns of the table of keys, which Keys returns: what is not said of a
// key there is said nowhere else.
//
//	yaml      the key
//	doc       one sentence or more for people
//	enum      the words that it may be
//	least     the least value, as it stands in a file
//	most      the greatest value; of a text the most bytes
//	unit      what a whole number counts
//	form      what a text must look like: a name in forms
//	default   for people: the default that follows from other keys
//	env       the environment variable that is used where the key is not set
//	required  yes: there is no default
//	reload    yes: SIGHUP puts it in force, and what is under it
//	several   the key that takes a list of these values
type Config struct {
	NATS            NATS         `yaml:"nats" doc:"Where messages come from."`
	Momento         Momento      `yaml:"momento" doc:"Where messages go."`
	Limits          Limits       `yaml:"limits" doc:"The account's quota in this region, shared by all routes."`
	Coordination    Coordination `yaml:"coordination" doc:"Leases of ordered routes on streams: only the replica that holds a route's lease carries it."`
	Routes          []Route      `yaml:"routes" required:"yes" reload:"yes" doc:"What is carried where."`
	Queue           Queue        `yaml:"queue" doc:"Messages held in memory, all routes together; they borrow what others leave free."`
	StateDir        string       `yaml:"state_dir" env:"STATE_DIRECTORY" doc:"Directory in which what was learned of quotas, and which routes are paused, is kept for after a restart; made if only its last part is missing. Default $STATE_DIRECTORY, as systemd sets it; without either nothing is kept."`
	Canary          Canary       `yaml:"canary" doc:"A message of the daemon's own, from NATS to a subscriber of Momento, to see whether it arrives."`
	Admin           Admin        `yaml:"admin" doc:"Health, metrics, status."`
	ShutdownTimeout Duration     `yaml:"shutdown_timeout" doc:"Time to finish what is in flight after SIGTERM."`
	Log             Log          `yaml:"log" doc:"Logs go to standard error."`
}

// NATS says how to reach NATS. At most one kind of credential is set.
type NATS struct {
	URL          string  `yaml:"url" form:"servers" env:"NATS_URL" doc:"Servers, separated by commas."`
	Context      string  `yaml:"context" form:"context" doc:"Name of a context of the nats command line; what is set here takes precedence."`
	CredsFile    string  `yaml:"creds_file" doc:"Credentials file (JWT and seed); this and other credentials are read again at each attempt to connect."`
	NKeyFile     string  `yaml:"nkey_file" doc:"NKey seed file."`
	User         string  `yaml:"user" doc:"User name; its password is in password_file."`
	PasswordFile string  `yaml:"password_file" doc:"File with the password of user."`
	TokenFile    string  `yaml:"token_file" doc:"File with a token."`
	Domain       string  `yaml:"domain" form:"token" doc:"JetStream domain, for example that of a leaf node's hub."`
	APIPrefix    string  `yaml:"api_prefix" form:"prefix" doc:"Instead of domain: the prefix of JetStream's API subjects, where another account exports them."`
	InboxPrefix  string  `yaml:"inbox_prefix" form:"prefix" doc:"Prefix of the subjects on which NATS answers; the user must be allowed to subscribe to all that is under it."`
	TLS          NATSTLS `yaml:"tls" doc:"TLS towards NATS."`
}

// NATSTLS is TLS towards NATS.
type NATSTLS struct {
	CAFile   string `yaml:"ca_file" doc:"Root certificates to trust besides the system's, PEM."`
	CertFile string `yaml:"cert_file" doc:"Client certificate, PEM."`
	KeyFile  string `yaml:"key_file" doc:"Client key, PEM."`

	HandshakeFirst bool `yaml:"handshake_first" doc:"Start TLS at once, for servers with handshake_first."`
}

// Momento says where and how to publish.
type Momento struct {
	Region               string     `yaml:"region" doc:"AWS region of the cache; momento-bridge regions lists them."`
	Endpoint             string     `yaml:"endpoint" form:"endpoint" env:"MOMENTO_ENDPOINT" doc:"Instead of region: a cell host, an api.cache. host, or a URL."`
	APIKeyFile           string     `yaml:"api_key_file" env:"MOMENTO_API_KEY" doc:"File with the API key; read again when it changes."`
	APIKeyURL            string     `yaml:"api_key_url" form:"vending" doc:"URL of a token vending machine, which gives API keys; instead of api_key_file."`
	APIKeyURLMethod      string     `yaml:"api_key_url_method" enum:"GET,POST" doc:"HTTP method of the request for a key."`
	APIKeyURLHeadersFile string     `yaml:"api_key_url_headers_file" doc:"File with headers for that request, one on a line, as Name: value; read each time."`
	APIKeyURLBodyFile    string     `yaml:"api_key_url_body_file" doc:"File with the body of a POST, JSON unless the headers have another Content-Type."`
	Auth                 string     `yaml:"auth" enum:"header,query" doc:"Where the key is sent: in the Authorization header or in the query."`
	Connections          int        `yaml:"connections" least:"1" most:"10000" doc:"Connections to the endpoint, which are kept open."`
	InFlight             InFlight   `yaml:"in_flight" least:"1" most:"1024" doc:"Publishes in flight on each connection (HTTP/1.1 pipelining). 1 is safe with every endpoint. More need less CPU, but when a connection breaks the outcome of all of them is unclear. auto: more than 1 only while the load needs it and the endpoint behaves."`
	Proxy                Proxy      `yaml:"proxy" form:"proxy" env:"HTTPS_PROXY" doc:"HTTP proxy to Momento and to the token vending machine, http://[user:password@]host:port. Empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY decide. none: no proxy."`
	Timeout              Duration   `yaml:"timeout" least:"10ms" doc:"Time for one attempt to publish, connecting included."`
	TLS                  MomentoTLS `yaml:"tls" doc:"TLS towards Momento."`
}

// The values of limits.unit.
const (
	UnitPublishes  = "publishes"
	UnitOperations = "operations"
)

// The values of momento.api_key_url_method.
const (
	MethodGet  = "GET"
	MethodPost = "POST"
)

// The values of momento.auth.
const (
	AuthHeader = "header"
	AuthQuery  = "query"
)

// MomentoTLS is TLS towards Momento.
type MomentoTLS struct {
	CAFile string `yaml:"ca_file" doc:"Root certificates to trust besides the system's, PEM."`
}

// Limits is the account's quota.
type Limits struct {
	Rate   Rate                  `yaml:"rate" reload:"yes" doc:"Publishes per second. auto learns the quota, unlimited assumes none, a number is never exceeded."`
	Burst  int                   `yaml:"burst" unit:"publishes" least:"0" reload:"yes" doc:"Publishes that may start at once after a pause; 0 derives it from the rate."`
	Unit   string                `yaml:"unit" enum:"publishes,operations" doc:"What the rate counts."`
	Caches map[string]CacheLimit `yaml:"caches" reload:"yes" doc:"Quotas of single caches."`
	Shared bool                  `yaml:"shared" doc:"Replicas of one group share the quota, over NATS; false: this one takes all of it."`
	Group  string                `yaml:"group" form:"token" doc:"Name of the group of replicas; two accounts of one region need one each."`
}

// Coordination is where replicas keep the leases of ordered routes on streams.
type Coordination struct {
	Bucket string   `yaml:"bucket" form:"label" doc:"JetStream key-value bucket for leases. Without it one replica carries all ordered routes."`
	Create bool     `yaml:"create" doc:"Make the bucket when it is missing."`
	Lease  Duration `yaml:"lease" least:"2s" most:"60s" doc:"How long others wait before they take over the routes of a replica that is gone; it is renewed each fifth of that."`
}

// CacheLimit is the quota of one cache.
type CacheLimit struct {
	Rate Rate `yaml:"rate" required:"yes" doc:"Publishes per second."`
}

// Route carries one subject or stream to topics of one cache.
type Route struct {
	Name            string   `yaml:"name" form:"label" most:"64" required:"yes" doc:"Name of the route: letters, digits, - and _."`
	Subject         string   `yaml:"subject" form:"filter" several:"subjects" doc:"What to consume; on a stream it is the consumer's filter."`
	Subjects        []string `yaml:"subjects" form:"filter" doc:"Several of them, instead of subject; they must not overlap."`
	Queue           string   `yaml:"queue" form:"subject" default:"momento-bridge" doc:"Queue group of core NATS."`
	Stream          string   `yaml:"stream" form:"stream" doc:"JetStream stream; without one the subject is consumed from core NATS."`
	Consumer        string   `yaml:"consumer" form:"stream" default:"momento-bridge-<name>" doc:"Name of the durable consumer."`
	CreateConsumer  bool     `yaml:"create_consumer" doc:"Create the consumer when it is missing; an existing one is checked, never changed."`
	Deliver         Start    `yaml:"deliver" doc:"Where a created consumer starts: all, new, a time (RFC 3339) or a sequence of the stream."`
	Partitions      int      `yaml:"partitions" least:"1" most:"256" doc:"Ordered routes of streams: how many parts the topics are shared out among; each part is in order, and consumed by one replica at a time."`
	PartitionStream string   `yaml:"partition_stream" form:"stream" default:"momento-bridge-<name>" doc:"Name of the work-queue stream that has the parts of a route with partitions, made where create_consumer is true."`
	Cache           string   `yaml:"cache" required:"yes" doc:"Cache to publish to."`
	Topic           string   `yaml:"topic" doc:"Template of the topic in NATS subject-mapping syntax, plus {{subject}} and {{header(Name)}}."`
	ContentType     string   `yaml:"content_type" enum:"application/octet-stream,text/plain" doc:"Whether subscribers receive bytes or strings."`
	Subscribers     int      `yaml:"subscribers" least:"0" unit:"subscribers" doc:"Subscribers expected on each topic, for unit: operations."`
	Ordering        string   `yaml:"ordering" enum:"topic,none" doc:"topic: one publish in flight for each topic, in order; none: as parallel as connections allow."`
	Delivery        string   `yaml:"delivery" enum:"at-least-once,at-most-once" doc:"What to do when the outcome of a publish is unclear, as after a timeout: publish again, or drop the message."`
	Batch           Batch    `yaml:"batch" doc:"Several messages in one publish."`
	Envelope        string   `yaml:"envelope" enum:"none,cloudevents" doc:"What each message is put into. cloudevents: an event of CloudEvents 1.0 in JSON, with subject, time, stream, sequence and headers; with batch.format none, or json, which is then the JSON batch format of CloudEvents."`
	Carry           []string `yaml:"carry" doc:"What goes with each message besides its payload, in packed batches and CloudEvents: subject, time, headers by name, or header:* for all of them. An event always has subject and time."`
	Empty           string   `yaml:"empty" enum:"publish,skip,dead-letter" doc:"What becomes of messages without bytes, such as delete markers of a key-value bucket."`
	GiveUpAfter     Duration `yaml:"give_up_after" doc:"How long the endpoint may fail a message (5xx, no answer) while it accepts others, before it becomes a dead letter; 0s: for ever. Where it is given, also how long a topic may be refused (403)."`
	// By default NATS servers take no messages larger than the greatest max_payload.
	MaxPayload Size       `yaml:"max_payload" least:"1B" most:"1MiB" doc:"Larger messages are rejected without a request."`
	Overload   string     `yaml:"overload" enum:"block,drop-oldest,keep-latest" doc:"What to do when messages come faster than they can be published."`
	MaxAge     Duration   `yaml:"max_age" doc:"Messages that are older when their turn comes expire without being published; 0s: never."`
	Weight     int        `yaml:"weight" least:"1" doc:"Share of the quota, relative to other routes, while there is not enough for all."`
	Rate       Rate       `yaml:"rate" enum:"unlimited" doc:"Ceiling for this route within limits.rate: a number or unlimited."`
	DeadLetter DeadLetter `yaml:"dead_letter" doc:"Where rejected messages are kept."`
}

// The values of a route's keys that the program asks for.
const (
	DeliverAll     = "all"
	DeliverNew     = "new"
	TextPlain      = "text/plain"
	OrderingTopic  = "topic"
	AtMostOnce     = "at-most-once"
	FormatNone     = "none"
	FormatJSON     = "json"
	LengthPrefixed = "length-prefixed"
	Packed         = "packed"

	EnvelopeNone        = "none"
	EnvelopeCloudEvents = "cloudevents"

	EmptyPublish    = "publish"
	EmptySkip       = "skip"
	EmptyDeadLetter = "dead-letter"

	OverloadBlock      = "block"
	OverloadDropOldest = "drop-oldest"
	OverloadKeepLatest = "keep-latest"
)

// Batch puts several messages into one publish.
type Batch struct {
	Format      string `yaml:"format" enum:"none,lines,json,length-prefixed,packed" doc:"How messages are put together."`
	MaxMessages int    `yaml:"max_messages" least:"0" unit:"messages" doc:"Messages in one publish; 0: as many as fit."`
	MaxBytes    Size   `yaml:"max_bytes" least:"1B" most:"1MiB" doc:"Bytes in one publish."`
	// Messages that linger are held, and are delivered again if the daemon dies.
	Linger Duration `yaml:"linger" most:"10s" doc:"How long the first message waits for others to join it."`
}

// DeadLetter is where rejected messages are kept.
type DeadLetter struct {
	Subject string `yaml:"subject" form:"subject" doc:"Subject for dead letters; a stream must take it."`
}

// Queue bounds what is held in memory.
type Queue struct {
	MaxMessages int  `yaml:"max_messages" least:"1" most:"10000000" unit:"messages" doc:"Messages of streams held, in flight included; core NATS counts in bytes."`
	MaxBytes    Size `yaml:"max_bytes" least:"1B" doc:"Bytes of payload held, in flight included."`
}

// Canary is a message of the daemon's own that is sent now and then to see whether it arrives.
type Canary struct {
	Every Duration `yaml:"every" doc:"How often; at least 1s. 0s: never. A loss is told within this and 10 s."`
	Cache string   `yaml:"cache" default:"the cache of all routes, if they have one and the same" doc:"Cache to publish it to."`
	Topic string   `yaml:"topic" doc:"Topic to publish it to, which the API key may publish and subscribe to; nobody else should."`
}

// Admin is the listener for people and orchestrators.
type Admin struct {
	Listen        string `yaml:"listen" form:"listen" doc:"Address and port to listen on, or unix:/path of a Unix socket (mode 0600), or both with a comma between; stay on loopback unless other machines must reach it."`
	Hosts         string `yaml:"hosts" form:"hosts" doc:"Host names to which the page and the API answer, separated by commas, besides addresses, localhost and the machine's name."`
	Pprof         bool   `yaml:"pprof" doc:"Serve Go's profiles under /debug/pprof."`
	Control       string `yaml:"control" form:"control" doc:"Who may pause, resume and reload: loopback (programs on this machine), none, client-certificates (of web_config_file), or the path of a file with a token, read each time. The Unix socket may under all of them but none."`
	WebConfigFile string `yaml:"web_config_file" doc:"Web configuration file as Prometheus' exporters take it: TLS, client certificates, basic auth; read again when it changes. It does not apply to a Unix socket."`
}

// Log says what is logged.
type Log struct {
	Level  string `yaml:"level" enum:"debug,info,warn,error" doc:"Lowest level that is logged."`
	Format string `yaml:"format" enum:"auto,text,json" doc:"auto: text on a terminal, json otherwise."`
}
