package natsmodel

import (
	"math/rand/v2"
	"time"
)

// Config is what a server is made with. The zero value is a server with JetStream and the usual limits.
type Config struct {
	Seed        uint64
	Name        string // Of the server; empty: "model".
	MaxPayload  int    // 0: 1 MiB, as the real server's.
	NoJetStream bool
	Replicas    int // Servers in the cluster, which bounds the replicas of streams; 0: 1.
	// PingInterval is how long a connection may be silent before the server pings it; 0: 2 minutes. Two pings
	// without an answer end the connection.
	PingInterval time.Duration
	// Lag is how long an acknowledgement is known to the leader of a consumer alone, unless it asks for a
	// confirmation: those are lost when the leader changes, or the server is killed. 0: none is.
	Lag time.Duration
	// Election is how long a stream has no leader when that changes; 0: the other one is there at once.
	Election time.Duration
}

// The real server's defaults.
const (
	version             = "2.15.3"
	usualPayload        = 1 << 20
	usualPingInterval   = 2 * time.Minute
	firstPing           = 2 * time.Second
	mostPingsUnanswered = 2
	maxControlLine      = 4096
)

// Conn is a connection's number, from 1 on. Numbers are not used again.
type Conn int

// Chunk is what the server sends on a connection. The bytes are the receiver's.
type Chunk struct {
	Conn   Conn
	Bytes  []byte
	Closed bool // The server closes the connection after these bytes.
}

// Server is the model of one NATS server, or of a cluster that is seen as one. It has no goroutine and no clock: what
// it does follows from what it is given, in this order, and from the seed. Times must not go back. Its methods may not
// be called concurrently.
type Server struct {
	cfg          Config
	now          time.Time
	rand         *rand.Rand
	last         Conn
	conns        map[Conn]*conn
	open         []*conn // In the order of their numbers.
	subs         interest
	timers       timers
	js           *jetStream // nil: there is none.
	dirty        []*conn    // With output, in the order in which it came.
	frozen       bool
	late         []arrival // What came while frozen.
	lose         float64   // The share of acknowledgements that are lost.
	loseRenewals bool
	lost         func(subject string)
}

// New returns a server without connections and streams.
func New(cfg Config) *Server {
	if cfg.Name == "" {
		cfg.Name = "model"
	}
	if cfg.MaxPayload == 0 {
		cfg.MaxPayload = usualPayload
	}
	if cfg.PingInterval == 0 {
		cfg.PingInterval = usualPingInterval
	}
	if cfg.Replicas == 0 {
		cfg.Replicas = 1
	}
	s := &Server{cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, 0x6e617473)), conns: map[Conn]*conn{}}
	s.subs.init()
	if !cfg.NoJetStream {
		s.js = newJetStream(s)
	}
	return s
}

// Open accepts a connection. Its first output is the server's INFO; a frozen server says it once it is thawed.
func (s *Server) Open(now time.Time) Conn {
	s.last++
	c := &conn{server: s, id: s.last}
	c.ping.due = c.pingDue
	s.conns[c.id] = c
	s.open = append(s.open, c)
	if s.frozen {
		s.late = append(s.late, arrival{conn: c.id, opened: true})
		return c.id
	}
	s.Advance(now)
	c.greet()
	return c.id
}

// Receive takes bytes that a client has sent, cut anyhow. It keeps none of them. Bytes of a connection that is closed
// are ignored.
func (s *Server) Receive(now time.Time, id Conn, b []byte) {
	if s.frozen {
		s.late = append(s.late, arrival{conn: id, bytes: append([]byte(nil), b...)})
		return
	}
	s.Advance(now)
	if c := s.conns[id]; c != nil {
		c.receive(b)
		s.settle()
	}
}

// Close tells the server that the client, or the network between them, has closed a connection.
func (s *Server) Close(now time.Time, id Conn) {
	if s.frozen {
		s.late = append(s.late, arrival{conn: id, closed: true})
		return
	}
	s.Advance(now)
	if c := s.conns[id]; c != nil {
		c.gone()
		s.settle()
	}
}

// Next returns when Advance has something to do next, false if it has nothing to do before something is received.
func (s *Server) Next() (time.Time, bool) {
	if s.frozen {
		return time.Time{}, false
	}
	return s.timers.next()
}

// Advance does all that is due until now, in the order of its times.
func (s *Server) Advance(now time.Time) {
	if s.frozen {
		return
	}
	for {
		t := s.timers.pop(now)
		if t == nil {
			break
		}
		if t.at.After(s.now) {
			s.now = t.at
		}
		t.due()
		s.settle()
	}
	if now.After(s.now) {
		s.now = now
	}
}

// Output returns what the server has sent since it was asked last.
func (s *Server) Output() []Chunk {
	if len(s.dirty) == 0 {
		return nil
	}
	chunks := make([]Chunk, len(s.dirty))
	for i, c := range s.dirty {
		chunks[i] = Chunk{Conn: c.id, Bytes: c.out, Closed: c.closed}
		c.out, c.dirty = nil, false
	}
	clear(s.dirty)
	s.dirty = s.dirty[:0]
	return chunks
}

// Connections is how many connections are open.
func (s *Server) Connections() int { return len(s.open) }

// settle lets consumers deliver what they may after something has happened.
func (s *Server) settle() {
	if s.js != nil {
		s.js.settle()
	}
}

// Publish publishes a message as a client would that expects no answer. The header is either empty or a whole header
// as on the wire: "NATS/1.0\r\n", lines, and an empty line.
func (s *Server) Publish(now time.Time, subject string, header, payload []byte) {
	s.Advance(now)
	s.route(nil, &message{subject: subject, header: header, data: payload})
	s.settle()
}

// arrival is what came while the server was frozen.
type arrival struct {
	conn           Conn
	bytes          []byte
	opened, closed bool
}

// Freeze stops the server: it neither reads nor writes, and its connections stay open.
func (s *Server) Freeze(now time.Time) {
	s.Advance(now)
	s.frozen = true
}

// Thaw lets a frozen server go on: it reads what has come meanwhile, then does what has become due.
func (s *Server) Thaw(now time.Time) {
	if !s.frozen {
		return
	}
	s.frozen = false
	if now.After(s.now) {
		s.now = now
	}
	late := s.late
	s.late = nil
	for _, a := range late {
		c := s.conns[a.conn]
		switch {
		case c == nil:
		case a.opened:
			c.greet()
		case a.closed:
			c.gone()
		default:
			c.receive(a.bytes)
		}
		s.settle()
	}
	s.Advance(now)
}

// Restart stops the server and starts it again at once: all connections are closed, and what streams and durable
// consumers have stored is kept. It thaws a frozen server, whose input is lost.
func (s *Server) Restart(now time.Time) {
	s.frozen, s.late = false, nil
	s.Advance(now)
	if s.js != nil {
		s.js.shutdown()
	}
	for len(s.open) > 0 {
		s.open[0].end("")
	}
	if s.js != nil {
		s.js.restart()
	}
	s.settle()
}
