package momentosdk

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// gateway is Momento's service as SDKs know it, in front of an emulator: gRPC for Node, on HTTP/2 without TLS, and
// gRPC-Web in its text form for browsers. It adds nothing to what the emulator says but heartbeats.
type gateway struct {
	url      string
	endpoint endpoint
	hold     sync.RWMutex // While it is locked no long poll begins.

	mu       sync.Mutex // Guards the following.
	requests map[string][]request
	cut      map[string]context.CancelFunc // Ends the stream of a topic.
	arrived  chan struct{}                 // Closed at the next request.
}

// startGateway starts a gateway. It ends with the test.
func startGateway(t *testing.T, e endpoint) *gateway {
	t.Helper()
	g := &gateway{
		endpoint: e, requests: map[string][]request{}, cut: map[string]context.CancelFunc{},
		arrived: make(chan struct{}),
	}
	g.url = serve(t, g)
	return g
}

// serve serves HTTP/1.1, and HTTP/2 without TLS, on a free port until the test ends.
func serve(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(ln)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return "http://" + ln.Addr().String()
}

// heartbeats is how often a stream on which nothing comes says that it lives. An SDK takes a subscription for begun at
// the first thing that comes, and gives up after 5 s.
const heartbeats = 100 * time.Millisecond

// port is where it listens on 127.0.0.1.
func (g *gateway) port() string { return g.url[strings.LastIndex(g.url, ":")+1:] }

// ServeHTTP implements http.Handler.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, web: strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc-web-text")}
	message, err := c.read(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e := endpoint{url: g.endpoint.url, key: r.Header.Get("Authorization")}
	c.begin()
	switch r.URL.Path {
	case "/cache_client.pubsub.Pubsub/Publish":
		err = publish(r.Context(), &e, message)
		if err == nil {
			c.send(nil)
		}
	case "/cache_client.pubsub.Pubsub/Subscribe":
		err = g.subscribe(r.Context(), &e, c, message)
	default:
		err = &refusal{http.StatusNotImplemented, "only topics are served"}
	}
	c.end(err)
}

func publish(ctx context.Context, e *endpoint, message []byte) error {
	r, err := publishing(message)
	switch {
	case err != nil:
		return err
	case r.value.text != nil:
		return e.publish(ctx, r.cache, r.topic, "text/plain", *r.value.text)
	case r.value.binary != nil:
		return e.publish(ctx, r.cache, r.topic, "application/octet-stream", string(*r.value.binary))
	}
	return &refusal{http.StatusBadRequest, "no value"}
}

// subscribe sends what long polls bring until the client has gone, or the stream is cut.
func (g *gateway) subscribe(ctx context.Context, e *endpoint, c *call, message []byte) error {
	r, err := subscription(message)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g.note(r, c.web, cancel)
	for sequence, page := r.sequence, r.page; ; {
		items, err := g.await(ctx, e, c, r, sequence, page)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range items {
			c.send(p.message())
		}
		sequence, page = after(items, sequence, page)
	}
}

// await polls once, and sends heartbeats while nothing comes.
func (g *gateway) await(ctx context.Context, e *endpoint, c *call, r request, sequence, page uint64) ([]polled, error) {
	type answer struct {
		items []polled
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		g.hold.RLock()
		g.hold.RUnlock() //nolint:staticcheck // It only waits.
		items, err := e.poll(ctx, r.cache, r.topic, sequence, page)
		answers <- answer{items, err}
	}()
	for {
		beat := time.NewTimer(heartbeats)
		select {
		case a := <-answers:
			beat.Stop()
			return a.items, a.err
		case <-beat.C:
			c.send(heartbeat())
		}
	}
}

// nameOf is a topic as one of the SDKs has it.
func nameOf(topic string, web bool) string {
	if web {
		return "web " + topic
	}
	return "node " + topic
}

func (g *gateway) note(r request, web bool, cancel context.CancelFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	name := nameOf(r.topic, web)
	g.requests[name] = append(g.requests[name], r)
	g.cut[name] = cancel
	close(g.arrived)
	g.arrived = make(chan struct{})
}

// resumed cuts the stream of a topic, and returns where the SDK goes on.
func (g *gateway) resumed(t *testing.T, sdk, topic string) request {
	t.Helper()
	name := nameOf(topic, sdk == "web")
	g.mu.Lock()
	before := len(g.requests[name])
	g.cut[name]()
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		g.mu.Lock()
		requests, arrived := g.requests[name], g.arrived
		g.mu.Unlock()
		if len(requests) > before {
			return requests[before]
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			t.Fatalf("%s does not subscribe to %s again", sdk, topic)
		}
	}
}

// call is a call of a method: gRPC, or gRPC-Web.
type call struct {
	w   http.ResponseWriter
	web bool
}

// read reads the message of a request, behind the five bytes that say how long it is.
func (c *call) read(body io.Reader) ([]byte, error) {
	frame, err := io.ReadAll(io.LimitReader(body, 1<<20))
	if err == nil && c.web {
		frame, err = base64.StdEncoding.DecodeString(string(frame))
	}
	if err != nil || len(frame) < 5 || int(binary.BigEndian.Uint32(frame[1:])) != len(frame)-5 {
		return nil, fmt.Errorf("no request of gRPC: %d bytes, %w", len(frame), err)
	}
	return frame[5:], nil
}

func (c *call) begin() {
	contentType := "application/grpc+proto"
	if c.web {
		contentType = "application/grpc-web-text"
	}
	c.w.Header().Set("Content-Type", contentType)
	c.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(c.w).Flush()
}

func (c *call) send(message []byte) { c.write(0, message) }

func (c *call) write(flags byte, message []byte) {
	frame := append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(message))), message...)
	if c.web {
		frame = []byte(base64.StdEncoding.EncodeToString(frame))
	}
	_, _ = c.w.Write(frame)
	_ = http.NewResponseController(c.w).Flush()
}

// end says how the call has ended.
func (c *call) end(err error) {
	code, text := 0, ""
	if err != nil {
		code, text = codeOf(err), err.Error()
	}
	if c.web { // What HTTP/2 has as trailers is a frame of its own.
		var b bytes.Buffer
		fmt.Fprintf(&b, "grpc-status:%d\r\ngrpc-message:%s\r\n", code, text)
		c.write(0x80, b.Bytes())
		return
	}
	c.w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(code))
	c.w.Header().Set(http.TrailerPrefix+"Grpc-Message", text)
}

// codeOf is gRPC's code for an answer of HTTP.
func codeOf(err error) int {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return 13 // INTERNAL.
	}
	switch r.status {
	case http.StatusBadRequest:
		return 3 // INVALID_ARGUMENT.
	case http.StatusNotFound:
		return 5
	case http.StatusForbidden:
		return 7
	case http.StatusTooManyRequests:
		return 8 // RESOURCE_EXHAUSTED.
	case http.StatusNotImplemented:
		return 12
	case http.StatusUnauthorized:
		return 16
	}
	return 13
}
