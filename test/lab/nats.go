package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATS is a nats-server with JetStream, with the same addresses and store each time it is started.
type NATS struct {
	*Process // The latest.
	Address  string
	URL      string
	Monitor  string // The URL of its monitoring.
	Program  string // What is started; another release may take over its store.

	lab   *Lab
	store string
	args  []string
}

// StartNATS starts a server and waits until it listens.
func (l *Lab) StartNATS(ctx context.Context) (*NATS, error) { return l.StartNATSWith(ctx) }

// StartNATSWith is StartNATS with more flags.
func (l *Lab) StartNATSWith(ctx context.Context, flags ...string) (*NATS, error) {
	s, err := l.newNATS(ctx)
	if err != nil {
		return nil, err
	}
	s.args = append(s.args, flags...)
	return s, s.Start(ctx)
}

// StartCluster starts n servers of one cluster, named n0, n1 and so on, and waits until each listens. They may not have
// found each other yet.
func (l *Lab) StartCluster(ctx context.Context, n int) ([]*NATS, error) {
	servers, routes := make([]*NATS, n), make([]string, n)
	for i := range servers {
		routes[i] = "nats://" + FreeAddress()
	}
	for i := range servers {
		var err error
		if servers[i], err = l.newNATS(ctx); err != nil {
			return nil, err
		}
		servers[i].args = append(servers[i].args, "--name", fmt.Sprint("n", i),
			"--cluster_name", "C", "--cluster", routes[i], "--routes", strings.Join(routes, ","))
		if err := servers[i].Start(ctx); err != nil {
			return nil, err
		}
	}
	return servers, nil
}

func (l *Lab) newNATS(ctx context.Context) (*NATS, error) {
	program, err := l.chosenNATS(ctx)
	if err != nil {
		return nil, err
	}
	store, err := l.Scratch("jetstream")
	if err != nil {
		return nil, err
	}
	address, monitor := FreeAddress(), FreeAddress()
	_, port, _ := net.SplitHostPort(address)
	_, monitorPort, _ := net.SplitHostPort(monitor)
	return &NATS{
		Address: address, URL: "nats://" + address, Monitor: "http://" + monitor, Program: program,
		lab: l, store: store, args: []string{"-a", "127.0.0.1", "-p", port, "-m", monitorPort, "-js", "-sd", store},
	}, nil
}

// Start starts a server that has ended again, and waits until it listens.
func (s *NATS) Start(ctx context.Context) (err error) {
	if s.Process, err = s.lab.Start(s.Program, s.args...); err != nil {
		return err
	}
	return AwaitListener(ctx, s.Address)
}

// Close ends the server and removes its store.
func (s *NATS) Close() {
	s.Kill()
	_ = os.RemoveAll(s.store)
}

// slowly is how long a server may take to answer, on a machine that does much else.
const slowly = 15 * time.Second

// Connect connects to servers, and stays so through their restarts. Close ends it.
func Connect(servers ...*NATS) (*nats.Conn, jetstream.JetStream, error) {
	urls := make([]string, len(servers))
	for i, s := range servers {
		urls[i] = s.URL
	}
	conn, err := nats.Connect(strings.Join(urls, ","), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond),
		nats.Timeout(slowly))
	if err != nil {
		return nil, nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(2048), jetstream.WithDefaultTimeout(slowly))
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("use JetStream: %w", err)
	}
	return conn, js, nil
}

// AwaitSubscribed waits until somebody subscribes to what matches a subject.
func (s *NATS) AwaitSubscribed(ctx context.Context, subject string) error {
	return Await(ctx, time.Minute, "somebody subscribes to "+subject, func() bool {
		resp, err := http.Get(s.Monitor + "/subsz?subs=1&test=" + subject)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		var answer struct {
			Total int `json:"total"`
		}
		return json.NewDecoder(resp.Body).Decode(&answer) == nil && answer.Total > 0
	})
}
