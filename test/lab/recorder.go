package lab

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder is an HTTP/1.1 endpoint, as cheap as can be, that remembers when each request came. It understands requests
// with a Content-Length.
type Recorder struct {
	Address string // host:port
	// Answer decides on each request, 0 for 204, and how many seconds of Retry-After go with another status; nil
	// accepts all. It is called one at a time.
	Answer func(at time.Time, body []byte) (status, retryAfter int)
	// Latency is how long answers take on average: evenly up to a tenth less or more, as exactly as timers are.
	Latency time.Duration
	// Refused, if there is one, is told when an answer other than 204 has been written. Its calls and Answer's are one
	// at a time.
	Refused func(at time.Time)

	ln      net.Listener
	workers sync.WaitGroup
	mu      sync.Mutex // Guards the following, and calls of Answer.
	conns   map[net.Conn]*[]time.Time
	closed  bool

	requests atomic.Int64
	held     atomic.Int64 // Nanoseconds between a request and its answer, all together.
}

// Load returns how many requests were answered so far, and for how long they were held altogether.
func (r *Recorder) Load() (requests int, held time.Duration) {
	return int(r.requests.Load()), time.Duration(r.held.Load())
}

// NewRecorder listens. Start must follow, once the fields are set.
func NewRecorder() (*Recorder, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &Recorder{Address: ln.Addr().String(), ln: ln, conns: map[net.Conn]*[]time.Time{}}, nil
}

// Start answers until ctx is done or stop is called, which waits for the last answer. Stop may be called twice.
func (r *Recorder) Start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.accept()
	}()
	context.AfterFunc(ctx, r.close)
	return func() {
		cancel()
		<-done
	}
}

// close ends everything.
func (r *Recorder) close() {
	_ = r.ln.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for conn := range r.conns {
		_ = conn.Close()
	}
}

// accept serves every connection until there are no more.
func (r *Recorder) accept() {
	for {
		conn, err := r.ln.Accept()
		if err != nil {
			break
		}
		times := make([]time.Time, 0, 1024)
		r.mu.Lock()
		r.conns[conn] = &times
		if r.closed {
			_ = conn.Close()
		}
		r.mu.Unlock()
		r.workers.Go(func() { r.serve(conn, &times) })
	}
	r.workers.Wait()
}

// Times returns when requests came, in order. It must have been stopped.
func (r *Recorder) Times() []time.Time {
	var all []time.Time
	for _, times := range r.conns {
		all = append(all, *times...)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

var (
	lengthHeader = []byte("Content-Length: ")
	accepted     = []byte("HTTP/1.1 204 No Content\r\n\r\n")
)

func (r *Recorder) serve(conn net.Conn, times *[]time.Time) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReaderSize(conn, 16<<10)
	var body []byte
	for {
		length := 0
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if value, ok := bytes.CutPrefix(line, lengthHeader); ok {
				length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
			}
			if len(line) <= 2 {
				break
			}
		}
		body = slices.Grow(body[:0], length)[:length]
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		now := time.Now()
		*times = append(*times, now)
		answer := r.answer(now, body)
		if r.Latency > 0 {
			time.Sleep(r.Latency*9/10 + rand.N(r.Latency/5))
		}
		r.requests.Add(1)
		r.held.Add(int64(time.Since(now)))
		if _, err := conn.Write(answer); err != nil {
			return
		}
		if r.Refused != nil && &answer[0] != &accepted[0] {
			r.mu.Lock()
			r.Refused(time.Now())
			r.mu.Unlock()
		}
	}
}

func (r *Recorder) answer(now time.Time, body []byte) []byte {
	if r.Answer == nil {
		return accepted
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	status, retryAfter := r.Answer(now, body)
	if status == 0 {
		return accepted
	}
	header := ""
	if retryAfter > 0 {
		header = fmt.Sprintf("Retry-After: %d\r\n", retryAfter)
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n%s\r\n", status, header)
}
