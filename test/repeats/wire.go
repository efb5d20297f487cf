package repeats

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"momento-bridge/batch"
)

// Faults are the shares of publishes that something befalls.
type Faults struct {
	Reset  float64 // The connection is reset before anything is accepted.
	Answer float64 // Accepted, and then the connection is reset instead of an answer.
	Item   float64 // Accepted, and lost on the way to the subscriber.
}

// message is the payload of each. Its number is that of the message in the stream, too.
type message struct {
	N      uint64 `json:"n"`
	Poison bool   `json:"poison,omitempty"` // The endpoint refuses it.
	Text   string `json:"text"`
}

// wire is an endpoint, and behind it a subscriber of each topic.
type wire struct {
	url     string
	server  *http.Server
	latency time.Duration
	faults  Faults

	mu     sync.Mutex // Guards the following.
	rng    *rand.Rand
	calm   bool // Nothing goes wrong.
	topics map[string]*subscriber
	counts counts
	err    error // The first thing that must not happen.
}

// counts are what has happened on the wire.
type counts struct {
	publishes, messages          int // Accepted.
	resets, answersLost, refused int
	itemsLost                    int
}

func newWire(seed uint64, latency time.Duration, faults Faults) (*wire, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{
		url: "http://" + ln.Addr().String(), latency: latency, faults: faults,
		rng: rand.New(rand.NewPCG(seed, 19)), topics: map[string]*subscriber{},
	}
	w.server = &http.Server{Handler: w}
	go func() { _ = w.server.Serve(ln) }()
	return w, nil
}

func (w *wire) close() { _ = w.server.Close() }

// draw reports whether something that befalls a share of publishes befalls this one. The caller holds mu.
func (w *wire) draw(share float64) bool { return !w.calm && w.rng.Float64() < share }

// ServeHTTP takes a publish.
func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	time.Sleep(w.latency / 2)
	status, reset := w.take(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], body)
	if reset {
		breakOff(out)
		return
	}
	time.Sleep(w.latency / 2)
	out.WriteHeader(status)
}

// breakOff resets the connection.
func breakOff(out http.ResponseWriter) {
	conn, _, err := http.NewResponseController(out).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (w *wire) take(topic string, body []byte) (status int, reset bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.draw(w.faults.Reset) {
		w.counts.resets++
		return 0, true
	}
	numbers, poison, err := numbersOf(body)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return http.StatusInternalServerError, false
	}
	if poison {
		w.counts.refused++
		return http.StatusBadRequest, false
	}
	w.counts.publishes++
	w.counts.messages += len(numbers)
	s := w.topics[topic]
	if s == nil {
		s = newSubscriber()
		w.topics[topic] = s
	}
	s.accept(numbers)
	if w.draw(w.faults.Item) {
		w.counts.itemsLost++
	} else if err := s.read(bytes.Clone(body)); err != nil {
		w.err = errors.Join(w.err, err)
	}
	if w.draw(w.faults.Answer) {
		w.counts.answersLost++
		return 0, true
	}
	return http.StatusNoContent, false
}

// numbersOf returns the numbers of the messages in a publish, and whether one is poison.
func numbersOf(body []byte) (numbers []uint64, poison bool, err error) {
	p, err := batch.Unpack(body, 0)
	if err != nil {
		return nil, false, err
	}
	for _, packed := range p.Messages {
		var m message
		if err := json.Unmarshal(packed.Payload, &m); err != nil {
			return nil, false, err
		}
		if packed.Sequence != m.N {
			return nil, false, errors.New("a message has another one's sequence")
		}
		numbers, poison = append(numbers, m.N), poison || m.Poison
	}
	return numbers, poison, nil
}
