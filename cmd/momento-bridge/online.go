package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/sink"
	"momento-bridge/source"
)

// onlineTimeout is how long each part has to answer.
const onlineTimeout = 5 * time.Second

// checkOnline tries what run will need, one check for each. Nothing is created and nothing published.
func checkOnline(ctx context.Context, list *checklist, p *plan) {
	log := slog.New(slog.DiscardHandler)
	fmt.Fprintln(list.w)
	if checkVendor(ctx, list, p) {
		momento, err := sink.New(p.sink, log)
		if err == nil {
			err = momento.Try()
		}
		tryEndpoint(list, p, err)
	}
	conn, err := tryNATS(ctx, p.nats, log)
	if err != nil {
		list.fail("connect to NATS "+redactURL(p.nats.URL), err, natsAdvice(err))
		list.warn("consumers and dead letters were not looked at: that needs NATS")
		return
	}
	defer conn.Close()
	list.pass(fmt.Sprintf("connect to NATS %s: nats-server %s", conn.ConnectedUrlRedacted(), conn.ConnectedServerVersion()))
	for _, r := range p.routes {
		if r.jetStream != nil {
			tryConsumer(ctx, list, conn, r, log)
		}
		if r.deadLetter != "" {
			checkDeadLetters(ctx, list, conn, r)
		}
	}
	checkCircles(ctx, list, conn, p)
}

// tryEndpoint tells of a connection to the endpoint. An error may have said already where that goes.
func tryEndpoint(list *checklist, p *plan, err error) {
	what := "connect to the endpoint " + p.sink.Endpoint.String() + throughProxy(p.sink)
	if err == nil {
		list.pass(what + " (the API itself is tried by the first publish)")
		return
	}
	said := err
	if through, ok := errors.AsType[*sink.ProxyError](err); ok {
		said = through.Err
	}
	list.fail(what, said, endpointServer(p.endpointBy).advice(err))
}

// noAdvice is for errors that say what to do.
func noAdvice(error) string { return "" }

// checkVendor fetches a key where keys are vended, and reports whether there is an endpoint to try.
func checkVendor(ctx context.Context, list *checklist, p *plan) bool {
	if !p.sink.Keys.Vended() {
		return true
	}
	once, cancel := context.WithTimeout(ctx, onlineTimeout)
	err := p.sink.Keys.First(once)
	cancel()
	if err != nil {
		list.fail("the key", err, vendorServer.advice(err))
		return p.sink.Endpoint.Host != ""
	}
	list.pass("fetch an API key: " + keyNote(p.sink.Keys))
	if err := p.firstKey(ctx); err != nil {
		list.fail("find the endpoint", err, "")
		return false
	}
	return true
}

// tryNATS waits a few seconds for the connection, or until each server has been tried in vain.
func tryNATS(ctx context.Context, cfg source.ConnectConfig, log *slog.Logger) (*nats.Conn, error) {
	failures := make(chan error, 1+strings.Count(cfg.URL, ","))
	cfg.Failed = func(err error) {
		select {
		case failures <- err:
		default:
		}
	}
	conn, err := source.Connect(cfg, log)
	if err != nil {
		return nil, err
	}
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for end := time.Now().Add(onlineTimeout); !conn.IsConnected(); <-ticks.C {
		if ctx.Err() == nil && time.Now().Before(end) && len(failures) < cap(failures) {
			continue
		}
		err := cmp.Or(conn.LastError(), nats.ErrNoServers)
		for range len(failures) {
			err = <-failures
		}
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// tryConsumer looks at a route's stream, consumer and permissions.
func tryConsumer(ctx context.Context, list *checklist, conn *nats.Conn, r routePlan, log *slog.Logger) {
	name := "route " + r.route.Name + ": "
	js, err := source.NewJetStream(conn, source.NewAcks(conn), *r.jetStream, log)
	if err != nil {
		list.fail(name+"use JetStream", err, "")
		return
	}
	for _, found := range js.Inspect(ctx) {
		if found.Warn {
			list.warn(name + found.What)
			continue
		}
		list.try(name+found.What, found.Err, noAdvice)
	}
}

// checkDeadLetters looks whether a stream takes a route's dead letters.
func checkDeadLetters(ctx context.Context, list *checklist, conn *nats.Conn, r routePlan) {
	what := "route " + r.route.Name + ": dead letters to " + r.deadLetter
	var doubts bytes.Buffer
	letters, err := source.NewDeadLetters(conn, r.deadLetter, slog.New(slog.NewTextHandler(&doubts, nil)))
	if err == nil {
		err = letters.Check(ctx, r.wholeStream())
	}
	if err == nil && doubts.Len() > 0 {
		list.warn(what + ": the NATS user may not look whether a stream takes them: grant $JS.API.STREAM.NAMES, or see to it yourself")
		return
	}
	list.try(what, err, noAdvice)
}
