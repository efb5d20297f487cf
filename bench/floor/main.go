// Command floor is the bridge that one writes in an hour: NATS, a channel, and a loop with fasthttp for each
// connection. It queues nothing else, paces nothing, repeats nothing, counts nothing, and ends at the first error. What
// the daemon costs is measured against it, see bench/cost.
//
// It consumes core NATS, or JetStream, where it acknowledges each message after its 204:
//
//	floor -nats URL -subject S -url http://HOST:PORT/topics/CACHE/TOPIC
//	floor -nats URL -stream S -consumer C -url http://HOST:PORT/topics/CACHE/TOPIC
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/valyala/fasthttp"
)

// item is a message on its way.
type item struct {
	payload []byte
	ack     func() error // nil: there is nobody to tell.
}

func main() {
	natsURL := flag.String("nats", nats.DefaultURL, "the NATS server")
	subject := flag.String("subject", "", "core NATS: what to consume")
	stream := flag.String("stream", "", "JetStream: the stream")
	consumer := flag.String("consumer", "", "JetStream: a durable pull consumer that exists")
	pullBytes := flag.Int("pull-bytes", 0, "JetStream: ask for so many bytes at a time, rather than for 500 messages")
	target := flag.String("url", "", "where to post")
	ca := flag.String("ca", "", "file with the authority of an https endpoint")
	connections := flag.Int("connections", 64, "keep-alive connections")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	from := input{*natsURL, *subject, *stream, *consumer, *pullBytes}
	if err := run(ctx, from, *target, *ca, *connections); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// input is where messages come from.
type input struct {
	url, subject, stream, consumer string
	pullBytes                      int
}

func run(ctx context.Context, from input, target, ca string, connections int) error {
	client, err := newClient(target, ca, connections)
	if err != nil {
		return err
	}
	conn, err := nats.Connect(from.url)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	items := make(chan item, 1024)
	for range connections {
		go func() { cancel(post(client, target, items)) }()
	}
	if from.stream == "" {
		_, err = conn.Subscribe(from.subject, func(m *nats.Msg) { items <- item{payload: m.Data} })
	} else {
		err = consume(ctx, conn, from, items)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func consume(ctx context.Context, conn *nats.Conn, from input, items chan<- item) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	consumer, err := js.Consumer(ctx, from.stream, from.consumer)
	if err != nil {
		return fmt.Errorf("look for the consumer: %w", err)
	}
	var options []jetstream.PullConsumeOpt
	if from.pullBytes > 0 {
		options = append(options, jetstream.PullMaxBytes(from.pullBytes))
	}
	_, err = consumer.Consume(func(m jetstream.Msg) { items <- item{payload: m.Data(), ack: m.Ack} }, options...)
	return err
}

// post is the loop of one connection. It returns at the first failure.
func post(client *fasthttp.HostClient, target string, items <-chan item) error {
	var req fasthttp.Request
	var resp fasthttp.Response
	req.SetRequestURI(target)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/octet-stream")
	req.Header.Set(fasthttp.HeaderAuthorization, "a-key-for-nobody")
	for it := range items {
		req.SetBodyRaw(it.payload)
		if err := client.Do(&req, &resp); err != nil {
			return fmt.Errorf("post: %w", err)
		}
		if resp.StatusCode() != fasthttp.StatusNoContent {
			return fmt.Errorf("post: status %d", resp.StatusCode())
		}
		if it.ack == nil {
			continue
		}
		if err := it.ack(); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
	return nil
}

func newClient(target, ca string, connections int) (*fasthttp.HostClient, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("read the URL: %w", err)
	}
	client := &fasthttp.HostClient{
		Addr: u.Host, MaxConns: connections, NoDefaultUserAgentHeader: true,
		IsTLS: u.Scheme == "https",
	}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("read the authority: %w", err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		client.TLSConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return client, nil
}
