package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/pipeline"
)

// puller asks the server for messages, never for more than the route has room for. So whatever is delivered goes
// straight into the pipeline, where its delivery can be renewed or handed back, and nothing waits, or is dropped, in
// the NATS client.
//
// Each pull request has a reply subject of its own, which ends in the request's number. The server answers it with
// messages and then with one status that says how many will not come. A heartbeat comes while there is nothing else.
// Its methods may be called concurrently.
type puller struct {
	conn    *nats.Conn
	subject string // Of the pull requests.
	route   *pipeline.Route
	share   *share // Of the bytes that all routes of the connection may ask for.
	limits  Settings
	inbox   string
	changed chan struct{} // One slot: a request has ended, or the consumer is lost.

	mu       sync.Mutex // Guards the following.
	last     uint64     // The number of the latest request.
	left     int        // Requests that were given up when that happened last, and may wait at the server.
	void     uint64     // Requests up to this number have ended, whatever the server still says of them.
	pulled   time.Time  // When the latest request was made.
	asked    int        // Messages that may still come.
	open     int        // Requests that have not ended.
	large    bool       // The next message is larger than what was asked for.
	granted  int64      // Bytes of the open requests that may still come,
	came     int64      // and that have come and are not given back yet.
	bytes    int64      // What the latest request asked for.
	batch    int        // Messages, likewise.
	typical  int64      // Bytes of a message; 0 before the first one.
	arrivals uint64     // Messages and statuses,
	messages uint64     // and messages alone.
	idle     bool       // Nothing has come for long: requests are quiet, until something does.
	quiet    bool       // The latest request is: the server sends no heartbeats.
	lost     error      // Why the consumer must be bound again.
	trouble  string     // Why nothing is delivered; empty when all is well.
	waits    time.Duration
	notUntil time.Time // After a refusal.
	noted    bool      // The server has answered on noteInbox.
	look     uint64    // The number of the request that asks for what is there,
	nothing  bool      // and the server has said that nothing is.

	onLoss func(why string) // Called when deliveries may have been lost, under mu; nil: nobody asks.
}

const (
	// openPulls is how many requests may be open: the second is made while the first is being served.
	openPulls = 2
	// giveAtOnce is how much comes before it is given back, as others wait for no less.
	giveAtOnce = 64 << 10
	// usualPayload is the max_payload of a server that does not say its own.
	usualPayload = 1 << 20
	// Between requests after refusals.
	shortestWait, longestWait = 250 * time.Millisecond, 5 * time.Second
)

// errLost means that the consumer does not exist any more, or not as it was: it must be bound again.
var errLost = errors.New("the consumer is gone")

// errRemade means that another consumer has its name. Where its stream was made anew, too, the same sequences are other
// messages.
var errRemade = fmt.Errorf("%w: it was deleted and made anew", errLost)

func newPuller(conn *nats.Conn, w *window, stream, consumer string, route *pipeline.Route, limits Settings) *puller {
	p := &puller{
		conn:    conn,
		subject: apiOf(conn).subject("CONSUMER.MSG.NEXT." + stream + "." + consumer),
		route:   route,
		limits:  limits,
		inbox:   conn.NewInbox(),
		changed: make(chan struct{}, 1),
	}
	p.share = w.join(p.signal)
	return p
}

// pullRequest is the body of a request, as the server reads it.
type pullRequest struct {
	Batch     int           `json:"batch"`
	MaxBytes  int64         `json:"max_bytes,omitempty"`
	Expires   time.Duration `json:"expires,omitempty"`
	NoWait    bool          `json:"no_wait,omitempty"`
	Heartbeat time.Duration `json:"idle_heartbeat,omitempty"`
}

// pull makes a request if one may be made now and the route has room.
func (p *puller) pull(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open >= p.limits.open() || p.idle && p.open > 0 || !p.mayAsk(now) {
		return nil
	}
	granted := p.take()
	if granted == 0 {
		return nil
	}
	messages, bytes := p.route.Reserve()
	if messages == 0 {
		p.share.give(granted)
		return nil
	}
	asked, err := p.request(now, messages, bytes, granted, false)
	p.route.Release(messages - asked)
	return err
}

// ask makes a request for messages that the route has no room set aside for, and that are needed all the same, unless
// one is open. It returns for how many.
func (p *puller) ask(now time.Time, messages int) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if messages <= 0 || p.open > 0 || !p.mayAsk(now) {
		return 0, nil
	}
	granted := p.take()
	if granted == 0 {
		return 0, nil
	}
	return p.request(now, messages, granted, granted, false)
}

// askWhatIsThere asks for one message that is there, and does not wait for any, unless a request is open.
func (p *puller) askWhatIsThere(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open > 0 || !p.mayAsk(now) {
		return nil
	}
	granted := p.take()
	if granted == 0 {
		return nil
	}
	p.look, p.nothing = p.last+1, false
	_, err := p.request(now, 1, granted, granted, true)
	return err
}

// nothingIsThere reports whether the server has said so.
func (p *puller) nothingIsThere() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nothing
}

// mayAsk reports whether requests may be made at all. The caller holds mu.
func (p *puller) mayAsk(now time.Time) bool {
	return !now.Before(p.notUntil) && p.lost == nil && p.conn.IsConnected()
}

// take has bytes granted for a request, 0 if it must wait for them: as many as what was asked for last comes to, and
// what the route is sure of before that is known. For a message that was too large it must be enough for any.
func (p *puller) take() int64 {
	own := p.share.own()
	want := max(own, 2*p.typical*int64(p.batch))
	if p.idle { // Others may need the rest.
		want = own
	}
	least := min(want/minWorth, worthwhile)
	if p.open == 0 { // Better little than nothing.
		least = 1
	}
	if p.large {
		least = p.largest()
	}
	return p.share.take(want, least, p.open == 0)
}

// What a request must get if another one is open: this part of what it wants, or so much that the way to the server
// does not count.
const minWorth, worthwhile = 4, 2 << 20

// largest is as large as a message may be.
func (p *puller) largest() int64 {
	if most := p.conn.MaxPayload(); most > 0 {
		return most
	}
	return usualPayload
}

// request asks the server, and returns for how many messages. Bytes are what there is room for; what was granted is
// given back as it comes, or when it is known not to come.
func (p *puller) request(now time.Time, messages int, bytes, granted int64, noWait bool) (int, error) {
	request := pullRequest{Batch: messages, MaxBytes: min(bytes, granted), NoWait: noWait}
	switch {
	case noWait: // The server would wait until it expires.
	case p.idle:
		request.Expires, request.Heartbeat = p.limits.idleRequest(now)
	default:
		request.Expires, request.Heartbeat = p.limits.PullExpiry, p.limits.Heartbeat
	}
	p.quiet = request.Heartbeat == 0
	p.limits.bound(&request)
	if p.large && request.MaxBytes < p.largest() { // It may not fit again: ask for it alone, whatever its size.
		request.Batch, request.MaxBytes = 1, 0
	}
	p.large = false
	if request.MaxBytes > 0 {
		p.share.give(granted - request.MaxBytes)
		granted = request.MaxBytes
	}
	p.last++
	p.pulled = now
	p.open++
	p.asked += request.Batch
	p.granted += granted
	p.bytes, p.batch = granted, request.Batch
	body, err := json.Marshal(request)
	if err != nil {
		p.voidAll()
		return request.Batch, fmt.Errorf("write a pull request: %w", err)
	}
	if err := p.conn.PublishRequest(p.subject, p.inbox+"."+strconv.FormatUint(p.last, 10), body); err != nil {
		p.voidAll()
		return request.Batch, fmt.Errorf("ask for messages: %w", err)
	}
	return request.Batch, nil
}

func (p *puller) signal() {
	select {
	case p.changed <- struct{}{}:
	default: // It has been signalled and not looked at yet.
	}
}

// reconnected forgets every open request: the server has, too.
func (p *puller) reconnected() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.voidAll()
	p.well()
}

// forget forgets every open request, and that is all.
func (p *puller) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.voidAll()
}

// silent forgets every open request when nothing has come for longer than the heartbeats allow, and says so. The
// consumer is then to be looked for.
func (p *puller) silent() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.voidAll()
	if p.onLoss != nil {
		p.onLoss("the server was silent")
	}
	p.refused("no heartbeat; check that the server is healthy and that the NATS user may publish to " + p.subject)
}

// state returns how much has come, whether more may come, and why nothing does.
func (p *puller) state() (arrivals uint64, open bool, trouble string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.arrivals, p.open > 0, p.trouble
}

// expected is how many messages may still come.
func (p *puller) expected() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// lose has the consumer let go for a reason.
func (p *puller) lose(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost == nil {
		p.lost = why
	}
	p.signal()
}

// lostErr returns why the consumer must be bound again, or nil.
func (p *puller) lostErr() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}
