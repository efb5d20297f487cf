package natsmodel

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// side is one of the two servers that the same is asked of.
type side interface {
	// dial opens a connection, whose frames are handed to a function, one after the other.
	dial(heard func(frame)) wire
	// pass lets time go by.
	pass(d time.Duration)
	// restart stops the server and starts it again; it ends all connections.
	restart()
}

// wire is a client's connection.
type wire interface {
	send(b []byte)
	cut() // Closes it.
}

const hello = `CONNECT {"verbose":false,"headers":true,"no_responders":true,"protocol":1,"echo":true}` + "\r\nPING\r\n"

// modelSide is the model, whose time goes by in pass alone.
type modelSide struct {
	model *Server
	now   time.Time
	wires map[Conn]*modelWire
}

type modelWire struct {
	side  *modelSide
	id    Conn
	parts frames
	heard func(frame)
}

func newModelSide(cfg Config) *modelSide {
	return &modelSide{model: New(cfg), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), wires: map[Conn]*modelWire{}}
}

func (s *modelSide) dial(heard func(frame)) wire {
	w := &modelWire{side: s, id: s.model.Open(s.now), heard: heard}
	s.wires[w.id] = w
	w.send([]byte(hello))
	return w
}

func (s *modelSide) pass(d time.Duration) {
	end := s.now.Add(d)
	for {
		at, ok := s.model.Next()
		if !ok || at.After(end) {
			break
		}
		s.now = at
		s.model.Advance(at)
		s.flush()
	}
	s.now = end
	s.model.Advance(end)
	s.flush()
}

func (s *modelSide) restart() {
	s.model.Restart(s.now)
	s.flush()
}

func (s *modelSide) flush() {
	for _, chunk := range s.model.Output() {
		w := s.wires[chunk.Conn]
		for _, f := range w.parts.add(chunk.Bytes) {
			w.heard(f)
		}
	}
}

func (w *modelWire) send(b []byte) {
	w.side.model.Receive(w.side.now, w.id, b)
	w.side.flush()
}

func (w *modelWire) cut() {
	w.side.model.Close(w.side.now, w.id)
	w.side.flush()
}

// realSide is the real server, in this process.
type realSide struct {
	t       testing.TB
	options server.Options
	server  *server.Server
}

func newRealSide(t testing.TB) *realSide {
	s := &realSide{t: t, options: server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
	}}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *realSide) start() {
	o := s.options
	one, err := server.NewServer(&o)
	if err != nil {
		s.t.Fatal(err)
	}
	one.Start()
	if !one.ReadyForConnections(time.Minute) {
		s.t.Fatal("the NATS server is not ready")
	}
	s.server = one
}

func (s *realSide) stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

func (s *realSide) restart() {
	s.stop()
	s.start()
}

func (s *realSide) pass(d time.Duration) { time.Sleep(d) }

type realWire struct {
	side *realSide
	conn net.Conn
	done chan struct{}
}

func (s *realSide) dial(heard func(frame)) wire {
	conn, err := net.Dial("tcp", s.server.Addr().String())
	if err != nil {
		s.t.Error(err)
		return nil
	}
	w := &realWire{side: s, conn: conn, done: make(chan struct{})}
	s.t.Cleanup(func() { _ = conn.Close(); <-w.done })
	go w.read(heard)
	w.send([]byte(hello))
	return w
}

func (w *realWire) read(heard func(frame)) {
	defer close(w.done)
	var parts frames
	buffer := make([]byte, 64<<10)
	for {
		n, err := w.conn.Read(buffer)
		for _, f := range parts.add(buffer[:n]) {
			if f.op == "PING" {
				w.send([]byte("PONG\r\n"))
				continue
			}
			heard(f)
		}
		if err != nil {
			return
		}
	}
}

// send ignores errors: a server that is gone is noticed by what it does not say.
func (w *realWire) send(b []byte) { _, _ = w.conn.Write(b) }

func (w *realWire) cut() { _ = w.conn.Close() }
