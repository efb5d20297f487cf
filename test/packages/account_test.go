package packages

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// world is what a machine's service talks to: NATS with a stream, a publisher, and an endpoint that knows every
// message.
type world struct {
	t        *testing.T
	nats     *lab.NATS
	js       jetstream.JetStream
	endpoint *lab.Recorder
	admin    string // host:port, of the service.

	mu       sync.Mutex
	arrived  map[string]int // How often each message has been accepted.
	latest   map[string]int // The latest of each topic.
	disorder int            // How many came after a later one of their topic.

	published atomic.Int64
}

// newWorld starts all but the publisher.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, admin: lab.FreeAddress(), arrived: map[string]int{}, latest: map[string]int{}}
	var err error
	if w.nats, err = rig.StartNATS(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.nats.Close)
	conn, js, err := lab.Connect(w.nats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	w.js = js
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "ORDERS", Subjects: []string{"orders.>", "held.>"},
	}); err != nil {
		t.Fatal(err)
	}
	if w.endpoint, err = lab.NewRecorder(); err != nil {
		t.Fatal(err)
	}
	w.endpoint.Answer, w.endpoint.Latency = w.accept, 30*time.Millisecond
	t.Cleanup(w.endpoint.Start(context.Background()))
	return w
}

// accept takes a message: its topic and its number in that.
func (w *world) accept(_ time.Time, body []byte) (status, retryAfter int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	message := string(body)
	topic, number, _ := strings.Cut(message, " ")
	n, _ := strconv.Atoi(number)
	w.arrived[message]++
	if n < w.latest[topic] {
		w.disorder++
	}
	w.latest[topic] = n
	return 0, 0
}

// got says how many different messages have arrived.
func (w *world) got() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.arrived)
}

// config is the configuration of a service that is slower than the publisher, so that messages wait.
func (w *world) config() string {
	return fmt.Sprintf(`# Edited by the operator.
nats: {url: %q}
momento:
  endpoint: "http://%s"
  api_key_file: /run/credentials/momento-bridge.service/api-key
limits: {rate: 150, shared: false}
admin: {listen: %q}
routes:
  - {name: orders, stream: ORDERS, subject: "orders.*", cache: my-cache, topic: "{{wildcard(1)}}"}
  - {name: held, stream: ORDERS, subject: "held.*", cache: my-cache, topic: "{{wildcard(1)}}"}
`, w.nats.URL, w.endpoint.Address, w.admin)
}

// key is a key that the program takes for one.
const key = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuby1vbmUifQ.c2ln"

// configure gives the machine the configuration and the key.
func (w *world) configure(m *machine) {
	m.write("/etc/momento-bridge/config.yaml", "0644", w.config())
	m.write("/etc/momento-bridge/api-key", "0600", key+"\n")
}

// topics is how many topics messages go to.
const topics = 20

// publish publishes 200 messages a second until stop is called, which returns how many they were.
func (w *world) publish() (stop func() int) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.keepPublishing(ctx) }()
	w.t.Cleanup(cancel)
	return func() int {
		cancel()
		if err := <-done; err != nil {
			w.t.Fatal(err)
		}
		return int(w.published.Load())
	}
}

func (w *world) keepPublishing(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		i := int(w.published.Load())
		message := fmt.Sprintf("t%d %d", i%topics, i)
		subject := fmt.Sprintf("orders.t%d", i%topics)
		if _, err := w.js.Publish(context.Background(), subject, []byte(message)); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		w.published.Add(1)
	}
}

// settle waits until all messages have arrived and are acknowledged, and says what is wrong with them.
func (w *world) settle(published int) {
	w.t.Helper()
	lab.Eventually(w.t, patience, "all messages have arrived", func() bool { return w.got() >= published })
	consumer, err := w.js.Consumer(w.t.Context(), "ORDERS", "momento-bridge-orders")
	if err != nil {
		w.t.Fatal(err)
	}
	lab.Eventually(w.t, patience, "all messages are acknowledged", func() bool {
		info, err := consumer.Info(w.t.Context())
		return err == nil && info.NumAckPending == 0 && info.NumPending == 0
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	duplicates := 0
	for _, n := range w.arrived {
		duplicates += n - 1
	}
	w.t.Logf("published=%d delivered=%d lost=%d duplicates=%d out_of_order=%d", published, len(w.arrived),
		published-len(w.arrived), duplicates, w.disorder)
	if len(w.arrived) != published || duplicates != 0 || w.disorder != 0 {
		w.t.Errorf("of %d messages %d arrived, %d twice, %d out of order", published, len(w.arrived), duplicates,
			w.disorder)
	}
}

// answer is what a service says of itself.
type answer struct {
	Version string `json:"version"`
	Ready   bool   `json:"ready"`
	Routes  []struct {
		Name  string `json:"name"`
		State string `json:"state"`
	} `json:"routes"`
}

// ask asks the service; the answer is empty while nobody answers.
func (w *world) ask() (a answer) {
	resp, err := http.Get("http://" + w.admin + "/api/v1/status")
	if err != nil {
		return a
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return answer{}
	}
	return a
}

// awaitServed waits until a version is ready, and messages arrive again.
func (w *world) awaitServed(version string) {
	w.t.Helper()
	lab.Eventually(w.t, patience, version+" is ready", func() bool {
		a := w.ask()
		return a.Version == version && a.Ready
	})
	at := w.got()
	lab.Eventually(w.t, patience, "messages arrive", func() bool { return w.got() > at+topics })
}
