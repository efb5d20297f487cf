package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// route is a stream, and a daemon that carries it to an endpoint.
type route struct {
	name string
	conn *nats.Conn
	js   jetstream.JetStream
}

// newRoute makes a stream of its own.
func (b *bench) newRoute(ctx context.Context) (*route, error) {
	b.mu.Lock()
	b.routes++
	r := &route{name: fmt.Sprintf("q%d", b.routes)}
	b.mu.Unlock()
	var err error
	if r.conn, err = nats.Connect(b.NATS.URL); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	if r.js, err = jetstream.New(r.conn, jetstream.WithPublishAsyncMaxPending(4096),
		jetstream.WithPublishAsyncTimeout(10*time.Second)); err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	_, err = r.js.CreateStream(ctx, jetstream.StreamConfig{Name: r.name, Subjects: []string{r.name + ".>"}})
	if err != nil {
		return nil, fmt.Errorf("create the stream: %w", err)
	}
	return r, nil
}

// close removes the stream.
func (r *route) close(ctx context.Context) {
	_ = r.js.DeleteStream(context.WithoutCancel(ctx), r.name)
	r.conn.Close()
}

// fill stores so many messages of a size for ten topics.
func (r *route) fill(ctx context.Context, n int, payload func(i int) []byte) error {
	for i := range n {
		if _, err := r.js.PublishAsync(fmt.Sprintf("%s.t%d", r.name, i%10), payload(i),
			jetstream.WithStallWait(time.Minute)); err != nil {
			return fmt.Errorf("fill the stream: %w", err)
		}
	}
	select {
	case <-r.js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// feed stores messages at a rate until ctx is done, and returns how many. Each begins with the time, see stamped.
func (r *route) feed(ctx context.Context, perSecond float64, payload func(i int) []byte) (n int, err error) {
	began := time.Now()
	for ctx.Err() == nil {
		for ; float64(n) < perSecond*time.Since(began).Seconds(); n++ {
			if _, err := r.js.PublishAsync(fmt.Sprintf("%s.t%d", r.name, n%3), payload(n),
				jetstream.WithStallWait(time.Minute)); err != nil {
				return n, fmt.Errorf("feed the stream: %w", err)
			}
		}
		time.Sleep(time.Millisecond)
	}
	<-r.js.PublishAsyncComplete() // What nats-server does not answer times out.
	return n, nil
}

// plain is a payload of 100 bytes.
func plain(int) []byte { return make([]byte, 100) }

// epoch is what stamps count from.
var epoch = time.Now()

// stamp is what a message of stamped says.
type stamp struct {
	At time.Duration `json:"at"` // Since epoch.
	N  int           `json:"n"`
}

// stamped is a payload of JSON that carries the time when it was made and a number.
func stamped(size int) func(int) []byte {
	return func(i int) []byte {
		text := fmt.Appendf(nil, `{"at":%d,"n":%d,"pad":"`, time.Since(epoch).Nanoseconds(), i)
		for len(text) < size-2 {
			text = append(text, 'x')
		}
		return append(text, '"', '}')
	}
}

// bridgeConfig is what the cases choose: limits and route are keys in YAML's flow style.
type bridgeConfig struct {
	endpoint      string
	connections   int
	limits, route string
	state         string // Where the daemon keeps what it learns; empty: nowhere.
}

// yaml is the configuration of a daemon that carries the route.
func (b *bridgeConfig) yaml(r *route) string {
	return fmt.Sprintf(`momento: {endpoint: "http://%s", connections: %d}
limits: {%s}
queue: {max_messages: 65536}
state_dir: %q
routes:
  - {name: %s, stream: %s, subject: "%s.>", cache: bench, %s}
`, b.endpoint, b.connections, b.limits, b.state, r.name, r.name, r.name, b.route)
}

// bridge starts a daemon for the route.
func (b *bench) bridge(ctx context.Context, r *route, c bridgeConfig) (*lab.Daemon, error) {
	if c.connections == 0 {
		c.connections = 64
	}
	if c.route == "" {
		c.route = "ordering: none"
	}
	return b.StartConfigured(ctx, c.yaml(r))
}

// carry fills a route of its own with plain messages and starts a daemon for it. stop ends both.
func (b *bench) carry(ctx context.Context, messages int, c bridgeConfig) (stop func(), err error) {
	r, err := b.newRoute(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.fill(ctx, messages, plain); err != nil {
		return nil, err
	}
	d, err := b.bridge(ctx, r, c)
	if err != nil {
		return nil, err
	}
	return func() {
		d.Kill()
		r.close(ctx)
	}, nil
}
