package source

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// receive takes what came to the inbox. It reports whether it is a message; a status has no reply subject.
func (p *puller) receive(m *nats.Msg) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.arrivals++
	if m.Reply != "" {
		p.asked = max(0, p.asked-1)
		p.well()
		p.arrived(int64(m.Size()))
		if p.messages++; p.idle {
			p.idle = false
			p.signal()
		}
		if p.asked == 0 || p.granted == 0 { // A request that is served to the last byte ends without a status.
			p.voidAll()
			p.signal()
		}
		return true
	}
	if m.Subject == p.noteInbox() {
		p.noted = true
		p.signal()
		return false
	}
	p.status(m)
	return false
}

// arrived notes the bytes of a message.
func (p *puller) arrived(size int64) {
	if p.typical == 0 {
		p.typical = size
	}
	p.typical += (size - p.typical) / 16
	came := min(size, p.granted)
	p.granted -= came
	if p.came += came; p.came >= giveAtOnce {
		p.share.give(p.came)
		p.came = 0
	}
}

// noteInbox is where the server answers once it has taken note of what was sent. Its last token is no request's number.
func (p *puller) noteInbox() string { return p.inbox + ".noted" }

// expectNote forgets that the server has taken note.
func (p *puller) expectNote() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noted, p.nothing = false, false
}

// sweepNoted reports whether the server has taken note since.
func (p *puller) sweepNoted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.noted
}

// status takes note of what the server says of a request. The statuses are those of nats-server 2.15.
func (p *puller) status(m *nats.Msg) {
	status, text := m.Header.Get("Status"), m.Header.Get("Description")
	if status == "100" { // A heartbeat.
		p.well()
		return
	}
	number, _ := strconv.ParseUint(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], 10, 64)
	if number <= p.void {
		return
	}
	defer p.signal()
	if number == p.look && (status == "404" || status == "408") {
		p.nothing = true
		p.voidAll()
		p.well()
		return
	}
	lower := strings.ToLower(text)
	remaining, err := strconv.Atoi(m.Header.Get("Nats-Pending-Messages"))
	left, _ := strconv.ParseInt(m.Header.Get("Nats-Pending-Bytes"), 10, 64)
	if err == nil {
		p.end(remaining, left)
	} else {
		p.voidAll() // Which ones of several is not said. Those that live on bring more than was asked for.
	}
	gone := strings.Contains(lower, "leadership change") || strings.Contains(lower, "server shutdown")
	if p.onLoss != nil && (gone || err != nil && !strings.Contains(lower, "exceeded")) {
		p.onLoss("the server says: " + text)
	}
	switch {
	case status == "408", status == "404", strings.Contains(lower, "batch completed"):
		p.well()
	case strings.Contains(lower, "message size exceeds maxbytes"):
		p.large = 2*left >= p.bytes // Otherwise the request has merely been used up.
	case gone:
		p.refused(text)
	case strings.Contains(lower, "consumer deleted"), status == "503":
		p.lost = fmt.Errorf("%w: %s %s", errLost, status, text)
	default:
		p.refused(status + " " + text)
	}
}

// end closes one request of which some messages will not come, nor some bytes.
func (p *puller) end(remaining int, bytes int64) {
	remaining = min(remaining, p.asked)
	p.asked -= remaining
	p.open = max(0, p.open-1)
	p.route.Release(remaining)
	if p.asked == 0 {
		p.open = 0
	}
	if p.open == 0 {
		bytes = p.granted
	}
	bytes = min(bytes, p.granted)
	p.granted -= bytes
	p.share.give(bytes + p.came)
	p.came = 0
}

// voidAll forgets every open request.
func (p *puller) voidAll() {
	if p.open > 0 {
		p.left = p.open
	}
	p.void = p.last
	p.open = 0
	p.end(p.asked, p.granted)
}

// abandoned is how many requests of ours may wait at the server although they were given up.
func (p *puller) abandoned() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

// refused makes the next request wait, longer each time.
func (p *puller) refused(why string) {
	p.trouble = "the server delivers nothing: " + why
	p.waits = min(max(shortestWait, 2*p.waits), longestWait)
	p.notUntil = time.Now().Add(p.waits)
}

func (p *puller) well() { p.trouble, p.waits = "", 0 }
