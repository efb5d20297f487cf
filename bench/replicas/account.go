package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// account is the endpoint: one quota for all who publish, and a record of what it accepted, in order.
type account struct {
	Address string // host:port
	noise   float64
	latency time.Duration

	ln      net.Listener
	serving sync.WaitGroup

	mu       sync.Mutex // Guards the following.
	quota    *bucket
	accepted []accepted
	refused  []refused
	conns    map[net.Conn]bool
	closed   bool
}

// accepted is one publish that was.
type accepted struct {
	at    time.Time
	n     int32 // The message's number.
	topic int16
	who   int16 // The replica's number.
}

// refused is one that exceeded the quota. Those refused at random are not among them.
type refused struct {
	at  time.Time
	who int16
}

// bucket is a token bucket.
type bucket struct {
	rate, burst, tokens float64
	at                  time.Time
}

func newBucket(rate, burst float64) *bucket { return &bucket{rate, burst, burst, time.Now()} }

func (q *bucket) take(now time.Time) bool {
	q.tokens = min(q.burst, q.tokens+now.Sub(q.at).Seconds()*q.rate)
	q.at = now
	if q.tokens < 1 {
		return false
	}
	q.tokens--
	return true
}

// newAccount serves until ctx is done or close is called.
func newAccount(ctx context.Context) (*account, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &account{Address: ln.Addr().String(), ln: ln, conns: map[net.Conn]bool{}, latency: 2 * time.Millisecond}
	context.AfterFunc(ctx, a.close)
	a.serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			a.mu.Lock()
			a.conns[conn] = true
			closed := a.closed
			a.mu.Unlock()
			if closed {
				_ = conn.Close()
			}
			a.serving.Go(func() { a.serve(conn) })
		}
	})
	return a, nil
}

func (a *account) close() {
	_ = a.ln.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for conn := range a.conns {
		_ = conn.Close()
	}
}

var (
	contentLength = []byte("content-length")
	authorization = []byte("authorization")
	answers       = map[int][]byte{
		0:                          []byte("HTTP/1.1 204 No Content\r\n\r\n"),
		http.StatusTooManyRequests: []byte("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"),
	}
)

// serve answers what comes on one connection.
func (a *account) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 16<<10)
	var body []byte
	for {
		length, who, err := readHead(in)
		if err != nil {
			return
		}
		if cap(body) < length {
			body = make([]byte, length)
		}
		body = body[:length]
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		answer := answers[a.take(who, body)]
		if a.latency > 0 {
			time.Sleep(a.latency/2 + rand.N(a.latency))
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// readHead reads the head of a request: the length of its body, and the number at the end of the key.
func readHead(in *bufio.Reader) (length, who int, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		if len(line) <= 2 {
			return length, who, nil
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch {
		case bytes.EqualFold(name, contentLength):
			length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		case bytes.EqualFold(name, authorization):
			who, err = strconv.Atoi(string(value[bytes.LastIndexByte(value, '-')+1:]))
		}
		if err != nil {
			return 0, 0, err
		}
	}
}

// take decides on a publish. Its body begins with the message's number and its topic.
func (a *account) take(who int, body []byte) (status int) {
	number, rest, _ := bytes.Cut(body, []byte(" "))
	topic, _, _ := bytes.Cut(rest, []byte(" "))
	n, _ := strconv.Atoi(string(number))
	t, _ := strconv.Atoi(string(topic))
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if a.noise > 0 && rand.Float64() < a.noise {
		return http.StatusTooManyRequests
	}
	if a.quota != nil && !a.quota.take(now) {
		a.refused = append(a.refused, refused{now, int16(who)})
		return http.StatusTooManyRequests
	}
	a.accepted = append(a.accepted, accepted{now, int32(n), int16(t), int16(who)})
	return 0
}

// count is how many publishes were accepted so far.
func (a *account) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.accepted)
}

// latest is who published last, and when; 0 before anything was.
func (a *account) latest() (who int, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.accepted) == 0 {
		return 0, time.Time{}
	}
	last := a.accepted[len(a.accepted)-1]
	return int(last.who), last.at
}

// distinct is how many different messages were accepted so far.
func (a *account) distinct(most int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	seen, n := make([]bool, most), 0
	for _, one := range a.accepted {
		if int(one.n) < most && !seen[one.n] {
			seen[one.n] = true
			n++
		}
	}
	return n
}
