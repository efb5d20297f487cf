package chaos

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsServer is a nats-server process with JetStream, and the test's own connection to it.
type natsServer struct {
	t       *testing.T
	addr    string
	monitor string // Host and port.
	store   string
	cmd     *exec.Cmd
	conn    *nats.Conn
	js      jetstream.JetStream
}

func startNATS(t *testing.T) *natsServer {
	t.Helper()
	s := &natsServer{t: t, addr: freeAddress(t), monitor: freeAddress(t), store: t.TempDir()}
	s.start()
	t.Cleanup(s.stop)
	conn, err := nats.Connect("nats://"+s.addr, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	s.conn = conn
	if s.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(1000)); err != nil {
		t.Fatal(err)
	}
	return s
}

// start starts the process, on the same address and store each time.
func (s *natsServer) start() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	_, monitor, _ := net.SplitHostPort(s.monitor)
	s.cmd = command("nats-server", "-a", "127.0.0.1", "-p", port, "-m", monitor, "-js", "-sd", s.store)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, 10*time.Second, "nats-server listens", func() bool { return listens(s.addr) })
}

func (s *natsServer) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// stream creates a stream.
func (s *natsServer) stream(name string, subjects ...string) jetstream.Stream {
	s.t.Helper()
	stream, err := s.js.CreateStream(s.t.Context(), jetstream.StreamConfig{Name: name, Subjects: subjects})
	if err != nil {
		s.t.Fatal(err)
	}
	return stream
}

// consumer creates the consumer of the route s, with an AckWait of its own.
func (s *natsServer) consumer(stream jetstream.Stream, ackWait time.Duration) jetstream.Consumer {
	s.t.Helper()
	c, err := stream.CreateOrUpdateConsumer(s.t.Context(), consumerConfig(ackWait))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func consumerConfig(ackWait time.Duration) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable: "momento-bridge-s", AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, FilterSubject: "s.>", MaxAckPending: 100_000,
	}
}

// publish stores messages, numbered from first on, each on one of ten subjects, and waits until the server has them.
func (s *natsServer) publish(first, n int) {
	s.t.Helper()
	s.publishOn("s", first, n)
}

// publishOn does the same under another first token.
func (s *natsServer) publishOn(token string, first, n int) {
	s.t.Helper()
	for i := first; i < first+n; i++ {
		subject, payload := fmt.Sprintf("%s.%d", token, i%10), strconv.AppendInt(nil, int64(i), 10)
		if _, err := s.js.PublishAsync(subject, payload, jetstream.WithStallWait(time.Minute)); err != nil {
			s.t.Error(err)
			return
		}
	}
	<-s.js.PublishAsyncComplete()
}

// settled reports whether the consumer has nothing pending and nothing unacknowledged.
func (s *natsServer) settled() bool {
	c, err := s.js.Consumer(s.t.Context(), "S", "momento-bridge-s")
	return err == nil && c.CachedInfo().NumPending == 0 && c.CachedInfo().NumAckPending == 0
}

// subscribed reports whether the server knows of a subscription.
func (s *natsServer) subscribed(subject string) bool {
	resp, err := http.Get("http://" + s.monitor + "/subsz?subs=1")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var all struct {
		List []struct {
			Subject string `json:"subject"`
		} `json:"subscriptions_list"`
	}
	_ = json.NewDecoder(resp.Body).Decode(&all)
	for _, s := range all.List {
		if s.Subject == subject {
			return true
		}
	}
	return false
}

// command prepares one of the programs under test, which dies with the test.
func command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(programs, program), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
