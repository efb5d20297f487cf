package chaos

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between the daemon and NATS and harms what passes.
type proxy struct {
	address string
	target  string
	ln      net.Listener

	mu    sync.Mutex
	conns map[net.Conn]struct{}

	up, down atomic.Bool  // To the server, to the daemon: nothing passes any more, and nobody is told.
	dribble  atomic.Bool  // One byte at a time.
	speed    atomic.Int64 // Bytes a second in each direction; 0: as fast as it goes. Set before there are connections.
	// tripwire sees what the daemon sends, before it is forwarded.
	tripwire atomic.Pointer[tripwire]
}

// tripwire calls pull, once, when a word passes towards the server. The word is then not forwarded, unless let is set.
type tripwire struct {
	word []byte
	let  bool
	once sync.Once
	pull func()
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: ln.Addr().String(), target: target, ln: ln, conns: map[net.Conn]struct{}{}}
	go p.accept()
	t.Cleanup(func() {
		ln.Close()
		p.reset()
	})
	return p
}

func (p *proxy) accept() {
	for {
		daemon, err := p.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			daemon.Close()
			continue
		}
		if p.speed.Load() > 0 { // A slow link that takes in megabytes at once is none.
			_ = server.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
		p.mu.Lock()
		p.conns[daemon], p.conns[server] = struct{}{}, struct{}{}
		p.mu.Unlock()
		go p.carry(server, daemon, &p.up, true)
		go p.carry(daemon, server, &p.down, false)
	}
}

// reset breaks every connection with a TCP reset.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
	clear(p.conns)
}

// swallow turns the connections there are into black holes. New ones are fine, as after a broken path has been routed
// around.
func (p *proxy) swallow(up, down bool) {
	p.up.Store(up)
	p.down.Store(down)
	// The connections have carried something by then: heartbeats, messages, acknowledgements.
	time.AfterFunc(time.Second, func() {
		p.up.Store(false)
		p.down.Store(false)
	})
}

// carry copies one direction. What falls into a black hole is read and lost, like packets on a broken path; nothing
// that follows would make sense, so the connection stays dead until it is closed.
func (p *proxy) carry(to, from net.Conn, hole *atomic.Bool, upstream bool) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	dead := false
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		dead = dead || hole.Load()
		if dead || upstream && !p.watch(buf[:n]) {
			dead = true
			continue
		}
		if p.write(to, buf[:n]) != nil {
			return
		}
	}
}

// watch reports whether bytes to the server may pass.
func (p *proxy) watch(b []byte) bool {
	wire := p.tripwire.Load()
	if wire == nil || !bytes.Contains(b, wire.word) {
		return true
	}
	wire.once.Do(wire.pull)
	return wire.let
}

func (p *proxy) write(to net.Conn, b []byte) error {
	if speed := p.speed.Load(); speed > 0 {
		time.Sleep(time.Duration(len(b)) * time.Second / time.Duration(speed))
	}
	if !p.dribble.Load() {
		_, err := to.Write(b)
		return err
	}
	for i := range b {
		if _, err := to.Write(b[i : i+1]); err != nil {
			return err
		}
		if i%64 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}
