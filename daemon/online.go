package daemon

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

// CheckOnline tries what the daemon will need, one check for each. Nothing is created, and nothing
// published but a key of its own in the bucket of the leases, which it removes.
func (p *Plan) CheckOnline(ctx context.Context, list Checks) {
	log := slog.New(slog.DiscardHandler)
	if checkVendor(ctx, list, p) {
		momento, err := sink.New(p.sink, log)
		if err == nil {
			err = momento.Try()
		}
		tryEndpoint(list, p, err)
	}
	defer tellPermissions(list, p)
	conn, err := tryNATS(ctx, p.nats, log)
	if err != nil {
		list.Fail("connect to NATS "+redactURL(p.nats.URL), err, natsAdvice(err))
		list.Warn("consumers and dead letters were not looked at: that needs NATS")
		return
	}
	defer conn.Close()
	list.Pass(fmt.Sprintf("connect to NATS %s: nats-server %s", conn.ConnectedUrlRedacted(),
		conn.ConnectedServerVersion()))
	if old := source.OldServer(conn); old != "" {
		list.Warn(old)
	}
	for _, r := range p.routes {
		if r.jetStream != nil {
			tryConsumer(ctx, list, conn, r, log)
		}
		if r.deadLetter != "" {
			checkDeadLetters(ctx, list, conn, r)
		}
	}
	predictBatches(ctx, list, conn, p)
	checkCircles(ctx, list, conn, p)
	tryLeases(ctx, list, conn, p, log)
	tryGroup(list, conn, p)
}

// tryEndpoint tells of a connection to the endpoint. An error may have said already where that goes.
func tryEndpoint(list Checks, p *Plan, err error) {
	what := "connect to the endpoint " + p.sink.Endpoint.String() + throughProxy(p.sink)
	if err == nil {
		list.Pass(what + " (the API itself is tried by the first publish)")
		return
	}
	said := err
	if through, ok := errors.AsType[*sink.ProxyError](err); ok {
		said = through.Err
	}
	list.Fail(what, said, endpointServer(p.endpointBy).advice(err))
}

// outcome is a check whose error says what to do.
func outcome(list Checks, what string, err error) {
	if err != nil {
		list.Fail(what, err, "")
		return
	}
	list.Pass(what)
}

// checkVendor fetches a key where keys are vended, and reports whether there is an endpoint to try.
func checkVendor(ctx context.Context, list Checks, p *Plan) bool {
	if !p.sink.Keys.Vended() {
		return true
	}
	once, cancel := context.WithTimeout(ctx, onlineTimeout)
	err := p.sink.Keys.First(once)
	cancel()
	if err != nil {
		list.Fail("the key", err, vendorServer.advice(err))
		return p.sink.Endpoint.Host != ""
	}
	list.Pass("fetch an API key: " + p.keyNote())
	if err := p.FirstKey(ctx); err != nil {
		list.Fail("find the endpoint", err, "")
		return false
	}
	return true
}

// ConnectNATS connects to NATS as the daemon would, and waits a few seconds for that. The caller closes the connection.
// An error says what to do, and holds no credentials.
func (p *Plan) ConnectNATS(ctx context.Context, log *slog.Logger) (*nats.Conn, error) {
	conn, err := tryNATS(ctx, p.nats, log)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS %s: %w", p.NATSURL(), advised(err, natsAdvice(err)))
	}
	return conn, nil
}

// NATSURL is where NATS is, without credentials.
func (p *Plan) NATSURL() string { return redactURL(p.nats.URL) }

// advised adds to an error, in a line of its own, what to do.
func advised(err error, advice string) error {
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w\n%s", err, advice)
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
func tryConsumer(ctx context.Context, list Checks, conn *nats.Conn, r routePlan, log *slog.Logger) {
	name := "route " + r.route.Name + ": "
	acks := source.NewAcks(conn)
	var all []*source.JetStream
	for _, cfg := range r.streams() {
		js, err := source.NewJetStream(conn, acks, cfg, log)
		if err != nil {
			list.Fail(name+"use JetStream", err, "")
			return
		}
		all = append(all, js)
	}
	for _, found := range source.Inspect(ctx, all) {
		if found.Warn {
			list.Warn(name + found.What)
			continue
		}
		outcome(list, name+found.What, found.Err)
	}
}

// checkDeadLetters looks whether a stream takes a route's dead letters.
func checkDeadLetters(ctx context.Context, list Checks, conn *nats.Conn, r routePlan) {
	what := "route " + r.route.Name + ": dead letters to " + r.deadLetter
	var doubts bytes.Buffer
	letters, err := source.NewDeadLetters(conn, r.deadLetter, slog.New(slog.NewTextHandler(&doubts, nil)))
	if err == nil {
		err = letters.Check(ctx, r.wholeStream())
	}
	if err == nil && doubts.Len() > 0 {
		list.Warn(what + ": the NATS user may not look whether a stream takes them: grant $JS.API.STREAM.NAMES, or " +
			"see to it yourself")
		return
	}
	outcome(list, what, err)
	if err != nil {
		return
	}
	for _, text := range letters.Durability(ctx) {
		list.Warn("route " + r.route.Name + ": dead letters: " + text)
	}
}
