// Command timing measures what the daemon's time goes to rather than its CPU: throughput towards a slow endpoint, the
// time it adds to a message, and what it takes to start and to do nothing. nats-server and the daemon are processes of
// their own; the endpoint is in this one.
//
//	go run ./bench/timing                  # two minutes
//	go run ./bench/timing -only latency    # or slow, start
//
// Every case says what was measured. Figures are printed, never judged: they depend on the machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/test/lab"
)

func main() {
	only := flag.String("only", "", "slow, latency, start; default all")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) { return false, run(ctx, *only) })
}

func run(ctx context.Context, only string) error {
	l, err := lab.NewWithNATS(ctx)
	if err != nil {
		return err
	}
	defer l.Stop()
	conn, err := nats.Connect(l.NATS.URL)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	b := &bench{Lab: l, conn: conn}
	for _, c := range []struct {
		name string
		run  func(context.Context) error
	}{{"slow", b.slow}, {"latency", b.latency}, {"start", b.start}} {
		if only != "" && only != c.name {
			continue
		}
		if err := c.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// bench is the programs, and a connection to NATS.
type bench struct {
	*lab.Lab
	conn *nats.Conn
}

// serve starts an endpoint that answers after a while, and returns what stops it.
func serve(ctx context.Context, latency time.Duration, answer func(time.Time, []byte) (int,
	int),
) (*lab.Recorder, func(), error) {
	recorder, err := lab.NewRecorder()
	if err != nil {
		return nil, nil, err
	}
	recorder.Latency, recorder.Answer = latency, answer
	return recorder, recorder.Start(ctx), nil
}

// configuration is that of a daemon with one route.
func configuration(endpoint string, connections int, source string) string {
	return strings.NewReplacer("ENDPOINT", endpoint, "CONNECTIONS", strconv.Itoa(connections), "SOURCE",
		source).Replace(`
momento: {endpoint: "http://ENDPOINT", connections: CONNECTIONS}
limits: {rate: unlimited}
routes:
  - {name: r, SOURCE, cache: bench, ordering: none}
`)
}

const payloadBytes = 256

// fill makes a stream with so many messages, on 16 topics.
func (b *bench) fill(ctx context.Context, name string, messages int) error {
	return lab.Fill(ctx, b.conn, name, name+".>", lab.Subjects(name, 16), payloadBytes, messages)
}
