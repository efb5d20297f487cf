package chaos

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// endpoint accepts publishes and counts the copies of each message, exactly. It is not the emulator.
type endpoint struct {
	t       *testing.T
	url     string
	address string
	server  *http.Server

	mu       sync.Mutex // Guards the following.
	copies   map[string]int
	accepted []time.Time // When each copy was accepted.
	statuses map[int]int
	answer   func(publish) int
}

// publish is one request.
type publish struct{ topic, payload, key string }

// startEndpoint starts an endpoint that answers with the status that answer returns; nil: 204 for all.
func startEndpoint(t *testing.T, answer func(publish) int) *endpoint {
	t.Helper()
	return startEndpointAt(t, lab.FreeAddress(), answer)
}

// startBackend starts an endpoint that accepts everything behind a server.
func startBackend(t *testing.T, s *neutral) *endpoint {
	t.Helper()
	return startEndpointAt(t, s.backend, nil)
}

func startEndpointAt(t *testing.T, address string, answer func(publish) int) *endpoint {
	t.Helper()
	e := &endpoint{
		t: t, copies: map[string]int{}, statuses: map[int]int{}, address: address, url: "http://" +
			address, answer: answer,
	}
	e.start()
	t.Cleanup(e.stop)
	return e
}

// answers replaces what the endpoint answers.
func (e *endpoint) answers(answer func(publish) int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = answer
}

// start listens on the endpoint's address.
func (e *endpoint) start() { e.serve(nil) }

func (e *endpoint) serve(secure *tls.Config) {
	e.t.Helper()
	var ln net.Listener
	lab.Eventually(e.t, patience, "the endpoint's address is free", func() bool {
		var err error
		ln, err = net.Listen("tcp", e.address)
		return err == nil
	})
	if secure != nil {
		ln = tls.NewListener(ln, secure)
	}
	e.server = &http.Server{Handler: http.HandlerFunc(e.handle)}
	go func(s *http.Server) { _ = s.Serve(ln) }(e.server)
}

// stop closes the address and every connection.
func (e *endpoint) stop() { _ = e.server.Close() }

// readPublish reads a whole request from a connection.
func readPublish(in *bufio.Reader) (publish, error) {
	r, err := http.ReadRequest(in)
	if err != nil {
		return publish{}, err
	}
	return publishOf(r)
}

// publishOf reads the rest of a request.
func publishOf(r *http.Request) (publish, error) {
	body, err := io.ReadAll(r.Body)
	topic := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	return publish{topic: topic, payload: string(body), key: r.Header.Get("Authorization")}, err
}

func (e *endpoint) handle(w http.ResponseWriter, r *http.Request) {
	p, err := publishOf(r)
	if err != nil {
		return
	}
	e.mu.Lock()
	answer := e.answer
	e.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		status = answer(p)
	}
	e.count(p.payload, status)
	w.WriteHeader(status)
}

func (e *endpoint) count(payload string, status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.statuses[status]++
	if status == http.StatusNoContent {
		e.copies[payload]++
		e.accepted = append(e.accepted, time.Now())
	}
}

// sums returns how many messages were accepted, and how many copies beyond the first.
func (e *endpoint) sums() (messages, duplicates int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.copies), len(e.accepted) - len(e.copies)
}

func (e *endpoint) messages() int {
	n, _ := e.sums()
	return n
}

// status returns how often a status was given.
func (e *endpoint) status(status int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.statuses[status]
}

// copiesOf returns how often a message was accepted.
func (e *endpoint) copiesOf(payload string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.copies[payload]
}

// await waits until n messages have been accepted.
func (e *endpoint) await(n int, within time.Duration) {
	e.t.Helper()
	if err := lab.Await(e.t.Context(), within, "all are accepted",
		func() bool { return e.messages() >= n }); err != nil {
		e.t.Fatalf("lost %d of %d messages: %v", n-e.messages(), n, err)
	}
}

// busiestSecond returns the most that was accepted within any second that began after a time.
func (e *endpoint) busiestSecond(after time.Time) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	times := e.accepted[sort.Search(len(e.accepted), func(i int) bool { return e.accepted[i].After(after) }):]
	most, first := 0, 0
	for last := range times {
		for times[last].Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// since returns how many were accepted after a time.
func (e *endpoint) since(after time.Time) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.accepted) - sort.Search(len(e.accepted), func(i int) bool { return e.accepted[i].After(after) })
}

// firstAfter returns how long after a time the next message was accepted.
func (e *endpoint) firstAfter(after time.Time) time.Duration {
	e.t.Helper()
	lab.Eventually(e.t, patience, "something is accepted again", func() bool { return e.since(after) > 0 })
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.accepted[sort.Search(len(e.accepted), func(i int) bool { return e.accepted[i].After(after) })].Sub(after)
}
