package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/sink"
	"momento-bridge/source"
)

// onlineTimeout is how long each part has to answer.
const onlineTimeout = 5 * time.Second

// checkOnline tries what run will need: one line for each, with ✓ or ✗ and the reason. Nothing is created and nothing published.
func checkOnline(ctx context.Context, w io.Writer, p *plan) error {
	failed := false
	report := func(what string, err error) {
		if err != nil {
			failed = true
			fmt.Fprintf(w, "✗ %s: %v\n", what, err)
			return
		}
		fmt.Fprintf(w, "✓ %s\n", what)
	}
	fmt.Fprintln(w)
	log := slog.New(slog.DiscardHandler)
	if p.sink.Keys.Vended() {
		once, cancel := context.WithTimeout(ctx, onlineTimeout)
		err := p.sink.Keys.First(once)
		cancel()
		report("fetch an API key: "+keyNote(p.sink.Keys), err)
		if err == nil {
			err = p.firstKey(ctx)
		}
		if err != nil && p.sink.Endpoint.Host == "" {
			report("find the endpoint", err)
			return errQuiet
		}
	}
	momento, err := sink.New(p.sink, log)
	if err == nil {
		err = momento.Try()
	}
	report("connect to the endpoint "+p.sink.Endpoint.String(), err)
	conn, err := tryNATS(ctx, p.nats, log)
	report("connect to NATS "+redactURL(p.nats.URL), err)
	if err == nil {
		defer conn.Close()
		for _, r := range p.routes {
			if r.deadLetter != "" {
				report("route "+r.route.Name+": dead letters to "+r.deadLetter, tryDeadLetters(ctx, conn, r, log))
			}
			if r.jetStream == nil {
				continue
			}
			note, err := tryConsumer(ctx, conn, r, log)
			report("route "+r.route.Name+": "+note, err)
		}
	}
	if failed {
		return errQuiet
	}
	return nil
}

// tryNATS waits a few seconds for the connection.
func tryNATS(ctx context.Context, cfg source.ConnectConfig, log *slog.Logger) (*nats.Conn, error) {
	conn, err := source.Connect(cfg, log)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(onlineTimeout); !conn.IsConnected(); {
		if ctx.Err() != nil || time.Now().After(end) {
			err := conn.LastError()
			conn.Close()
			if err == nil {
				err = nats.ErrNoServers
			}
			return nil, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return conn, nil
}

func tryConsumer(ctx context.Context, conn *nats.Conn, r routePlan, log *slog.Logger) (string, error) {
	js, err := source.NewJetStream(conn, source.NewAcks(conn), *r.jetStream, log)
	if err != nil {
		return "use JetStream", err
	}
	return js.Try(ctx)
}

func tryDeadLetters(ctx context.Context, conn *nats.Conn, r routePlan, log *slog.Logger) error {
	letters, err := source.NewDeadLetters(conn, r.deadLetter, log)
	if err != nil {
		return err
	}
	return letters.Check(ctx, r.wholeStream())
}
