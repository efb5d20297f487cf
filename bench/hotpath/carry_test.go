package hotpath

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/bench/rig"
	"momento-bridge/pipeline"
	"momento-bridge/sink"
	"momento-bridge/sink/key"
	"momento-bridge/source"
	"momento-bridge/source/template"
)

const (
	subjects = 16
	queue    = 16384
	timeout  = 5 * time.Second
)

// ways are the two ways to use connections: one publish in flight on each of many, or several on each of few.
var ways = []struct {
	name              string
	workers, inFlight int
}{
	{"64x1", 64, 1},
	{"4x16", 4, 16},
}

// BenchmarkCore is the whole way from core NATS to the endpoint. The server, the endpoint and what publishes to the
// server are part of what is measured.
//
//	go test -run '^$' -bench BenchmarkCore -count 6 ./bench/hotpath
func BenchmarkCore(b *testing.B) { eachLoad(b, carryCore) }

// BenchmarkJetStream is the whole way from a stream in memory that is full already, with an acknowledgement for each
// message that has reached the server at the end. The server and the endpoint are part of what is measured.
//
//	go test -run '^$' -bench BenchmarkJetStream -count 6 ./bench/hotpath
func BenchmarkJetStream(b *testing.B) { eachLoad(b, carryStream) }

func eachLoad(b *testing.B, carry func(b *testing.B, workers, inFlight, size int)) {
	for _, way := range ways {
		for _, size := range []int{256, 1024, 4096} {
			b.Run(fmt.Sprintf("%s/%dB", way.name, size),
				func(b *testing.B) { carry(b, way.workers, way.inFlight, size) })
		}
	}
}

// natsSource is one route's source.
type natsSource interface {
	pipeline.Settler
	Run(ctx, hard context.Context, route *pipeline.Route) error
}

// tally passes a route's endings on and counts them.
type tally struct {
	natsSource
	all   int
	group chan struct{} // Receives for each group that has ended. It has room for all that are under way.
	done  chan struct{} // Closed when all have ended.

	mu    sync.Mutex // Guards the following.
	ended int
	lost  int // Not published.
}

// Core NATS is given groups of messages, no more at a time than the client's buffer, of as many messages as the queue,
// has room for.
const (
	group  = 1024
	groups = queue / group / 2
)

func newTally(all int, source natsSource) *tally {
	t := &tally{natsSource: source, all: all, group: make(chan struct{}, groups), done: make(chan struct{})}
	for range groups {
		t.group <- struct{}{}
	}
	return t
}

// Settle implements pipeline.Settler.
func (t *tally) Settle(handle any, o pipeline.Outcome) {
	t.natsSource.Settle(handle, o)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended++
	if o != pipeline.Published {
		t.lost++
	}
	if t.ended%group == 0 {
		select {
		case t.group <- struct{}{}:
		default: // Nobody waits for it: a stream is full already.
		}
	}
	if t.ended == t.all {
		close(t.done)
	}
}

// published is how many messages have ended well.
func (t *tally) published() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended - t.lost
}

func carryCore(b *testing.B, workers, inFlight, size int) {
	url := rig.NATS(b)
	conn, endpoint := connect(b, url), rig.Listen(b)
	src := source.NewCore(conn, source.CoreConfig{
		Route: "bench", Subject: "bench.>", Queue: "bench",
		Template: subjectTemplate(b), MaxBytes: 64 << 20,
	}, quiet())
	ended := newTally(b.N, src)
	bridge := start(b, endpoint, workers, inFlight, ended, pipeline.RouteConfig{Drops: true})
	for ready := false; !ready; time.Sleep(time.Millisecond) {
		ready, _ = src.Ready()
	}
	if err := conn.FlushTimeout(timeout); err != nil { // The server knows the subscription.
		b.Fatal(err)
	}
	publisher, err := nats.Connect(url)
	if err != nil {
		b.Fatal(err)
	}
	defer publisher.Close()
	names, payload := rig.Subjects("bench", subjects), make([]byte, size)

	meter := rig.Start(b)
	for i := range b.N {
		if i%group == 0 {
			await(b, ended.group)
		}
		if err := publisher.Publish(names[i%subjects], payload); err != nil {
			b.Fatal(err)
		}
	}
	await(b, ended.done)
	bridge.stop()
	meter.Stop(ended.published(), endpoint.Requests())
}

func carryStream(b *testing.B, workers, inFlight, size int) {
	conn, endpoint := connect(b, rig.NATS(b)), rig.Listen(b)
	js := rig.Fill(b, conn, "bench", b.N, subjects, make([]byte, size))
	acks := source.NewAcks(conn)
	src, err := source.NewJetStream(conn, acks, source.JetStreamConfig{
		Route: "bench", Stream: "bench", Consumer: "bench", Create: true, Template: subjectTemplate(b),
		Circumstances: source.Circumstances{
			Rate: math.Inf(1), Connections: workers * inFlight, Timeout: timeout,
			QueueMessages: queue,
		},
	}, quiet())
	if err != nil {
		b.Fatal(err)
	}
	ended := newTally(b.N, src)

	meter := rig.Start(b)
	bridge := start(b, endpoint, workers, inFlight, ended, pipeline.RouteConfig{Returnable: true})
	await(b, ended.done)
	bridge.stop()
	if err := acks.Flush(time.Now().Add(timeout)); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	consumer, err := js.Consumer(b.Context(), "bench", "bench")
	if err != nil {
		b.Fatal(err)
	}
	acknowledged := 0
	// The server works them off on a goroutine of its own.
	for end := time.Now().Add(timeout); acknowledged < b.N && time.Now().Before(end); {
		info, err := consumer.Info(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		acknowledged = int(info.AckFloor.Stream)
	}
	meter.Stop(ended.published(), endpoint.Requests(), acknowledged)
}

// running is source, pipeline and sink at work.
type running struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// start wires the parts as the daemon does. Messages end at ended.
func start(b *testing.B, endpoint *rig.Endpoint, workers, inFlight int, ended *tally,
	rc pipeline.RouteConfig,
) *running {
	b.Helper()
	momento := newSink(b, endpoint)
	rc.Name, rc.Cache, rc.MaxPayload, rc.Settler = "bench", "bench", 1<<20, ended
	pipe := pipeline.New(pipeline.Config{
		Workers: workers, InFlight: inFlight, Timeout: timeout, MaxMessages: queue, MaxBytes: 64 << 20,
		Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: math.Inf(1)}}, Delays: pipeline.DefaultDelays(),
		Routes: []pipeline.RouteConfig{rc},
	}, momento, quiet(), pipeline.NewMetrics(prometheus.NewRegistry()))
	ctx, cancel := context.WithCancel(b.Context())
	r := &running{cancel: cancel}
	r.all.Go(func() { pipe.Run(b.Context()) })
	r.all.Go(func() {
		if err := ended.Run(ctx, b.Context(), pipe.Route(0)); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(r.stop)
	return r
}

// stop ends the source, then the pipeline.
func (r *running) stop() {
	r.cancel()
	r.all.Wait()
}

func newSink(b *testing.B, endpoint *rig.Endpoint) *sink.Momento {
	b.Helper()
	to, err := sink.ParseEndpoint(endpoint.URL)
	if err != nil {
		b.Fatal(err)
	}
	k, err := key.Parse("a-key-for-nobody")
	if err != nil {
		b.Fatal(err)
	}
	momento, err := sink.New(sink.Config{Endpoint: to, Keys: key.Fixed(k), Timeout: timeout}, quiet())
	if err != nil {
		b.Fatal(err)
	}
	return momento
}

func connect(b *testing.B, url string) *nats.Conn {
	b.Helper()
	conn, err := source.Connect(source.ConnectConfig{URL: url}, quiet())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.Close)
	for !conn.IsConnected() && b.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	return conn
}

func subjectTemplate(b *testing.B) *template.Template {
	b.Helper()
	t, err := template.Compile([]string{"bench.>"}, "{{subject}}")
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// await waits for a message that is sent on c, or for c to be closed.
func await(b *testing.B, c <-chan struct{}) {
	b.Helper()
	select {
	case <-c:
	case <-b.Context().Done():
		b.Fatal(b.Context().Err())
	case <-time.After(time.Minute):
		b.Fatal("nothing has come for a minute")
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
