package chaos

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// order is what an endpoint saw of n.publish, whose topics hold every tenth number. A message may come twice, if the
// first outcome was unclear, but before the next of its topic.
type order struct {
	mu       sync.Mutex // Guards the following.
	rng      *rand.Rand
	latest   map[int]int // By topic.
	wrong    []string
	repeated int
	broken   int // Connections that ended with requests unanswered,
	together int // and those of them that ended under several.
}

// serve answers requests, some with an error, and ends the connection after a while, in one of the ways there are.
// Before that it answers enough for the daemon to go on sending several together.
func (o *order) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	for answered := 0; ; answered++ {
		p, err := readPublish(in)
		if err != nil {
			return
		}
		answer, goOn := o.answer(p.payload, answered > 80)
		if answer == "" {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
		if !goOn {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.broken++
			if in.Buffered() > 0 {
				o.together++
			}
			return
		}
	}
}

// answer decides what becomes of a message.
func (o *order) answer(payload string, mayEnd bool) (answer string, goOn bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	dice := o.rng.IntN(200)
	switch {
	case dice < 2:
		return "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", true
	case dice == 2 && mayEnd:
		return "HTTP/1.1 50", false // It has not been accepted, and nobody will know.
	}
	n, _ := strconv.Atoi(payload)
	switch latest, known := o.latest[n%10]; {
	case known && n == latest:
		o.repeated++
	case known && n != latest+10, !known && n != n%10:
		o.wrong = append(o.wrong, fmt.Sprintf("%d after %d", n, latest))
	}
	o.latest[n%10] = n
	switch {
	case dice == 3 && mayEnd:
		return "", false
	case dice == 4 && mayEnd:
		return "HTTP/1.1 204 No", false
	case dice < 8 && mayEnd:
		return "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", false
	}
	return "HTTP/1.1 204 No Content\r\n\r\n", true
}

// Connections break under several publishes of different topics: none overtakes another of its topic.
func TestOrderHoldsWhenConnectionsBreakUnderSeveralPublishes(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.stream("S", "s.>")
	messages := pick(3000, 10_000, 100_000)
	n.publish(0, messages)
	o := &order{rng: seeded(t, 0), latest: map[int]int{}}
	url := rawEndpoint(t, func(conn net.Conn, _ int) { o.serve(conn) })
	d := startDaemon(t, settings{
		nats: n.Address, endpoint: url, momento: "  connections: 2" + inFlight(8),
		route: ", ordering: topic",
	}.write(t))
	d.awaitPublished(messages, 10*patience)
	ambiguous := d.ambiguous()
	d.mustStop()
	o.mu.Lock()
	defer o.mu.Unlock()
	t.Logf("%d connections broke, %d of them under several publishes; %d unclear, %d published twice", o.broken,
		o.together, ambiguous, o.repeated)
	for topic := range 10 {
		if want := messages - 10 + topic; o.latest[topic] != want {
			t.Errorf("the last message of topic %d is %d, want %d", topic, o.latest[topic], want)
		}
	}
	if len(o.wrong) > 0 || o.repeated > ambiguous {
		t.Errorf(
			"%d out of order, such as %q; %d repeated, %d unclear",
			len(o.wrong), o.wrong[:min(5, len(o.wrong))], o.repeated, ambiguous)
	}
	if o.together == 0 || strings.Contains(d.Output(), "one publish at a time") {
		t.Errorf("%d of %d connections broke under several publishes", o.together, o.broken)
	}
}
