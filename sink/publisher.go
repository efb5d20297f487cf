package sink

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"momento-bridge/pipeline"
)

// publisher owns one keep-alive connection, one request and one response, used again and again by one worker. Deadlines and the connection's age are
// its own care, as a clock that is read once for each attempt is enough.
type publisher struct {
	momento *Momento
	client  fasthttp.HostClient
	req     fasthttp.Request
	resp    fasthttp.Response
	uri     []byte
	key     *Key // The key in the request.

	conn    *conn     // The latest one; nil before the first.
	expires time.Time // When it is old.

	// Of the publish under way:
	deadline time.Time
	once     bool // The payload must not be sent a second time.
	dialed   bool // The connection was opened for it.
	repeated bool // The payload was sent a second time.
}

func newPublisher(m *Momento) *publisher {
	p := &publisher{momento: m}
	p.client = fasthttp.HostClient{
		Addr:                      m.cfg.Endpoint.Addr,
		Name:                      userAgent,
		DialTimeout:               p.dial,
		MaxConns:                  1,
		MaxIdleConnDuration:       idleLimit,
		ReadBufferSize:            ioBuffer,
		WriteBufferSize:           ioBuffer,
		MaxResponseBodySize:       maxBody,
		MaxIdemponentCallAttempts: 2, // The first and one repetition, see mayRepeat.
		RetryIfErr:                p.mayRepeat,
		ConnPoolStrategy:          fasthttp.LIFO,
		DisablePathNormalizing:    true,
	}
	p.req.Header.SetMethod(fasthttp.MethodPost)
	return p
}

// Publish implements pipeline.Publisher.
func (p *publisher) Publish(r *pipeline.Request) pipeline.Answer {
	key, a := p.momento.prepare(r)
	if key == nil {
		return a
	}
	now := time.Now()
	if !r.Deadline.After(now) {
		return noTimeLeft
	}
	p.build(r, key)
	p.once, p.dialed, p.repeated, p.deadline = r.Once, false, false, r.Deadline
	if p.conn != nil {
		if now.After(p.expires) {
			p.client.CloseIdleConnections()
		}
		_ = p.conn.begin(now, r.Deadline) // One that is closed is replaced.
	}
	err := p.client.Do(&p.req, &p.resp)
	p.req.SetBodyRaw(nil)
	a = p.answer(err)
	a.Repeated = p.repeated
	if a.Verdict == pipeline.HaltAll {
		p.momento.rereadKey(p.key)
	}
	return a
}

// Close implements pipeline.Publisher.
func (p *publisher) Close() { p.client.CloseIdleConnections() }

// build writes the request. The payload is referred to, not copied.
func (p *publisher) build(r *pipeline.Request, key *Key) {
	cfg := &p.momento.cfg
	p.uri = append(p.uri[:0], cfg.Endpoint.base...)
	p.uri = cfg.appendTarget(p.uri, r, key)
	if !cfg.QueryAuth && key != p.key {
		p.req.Header.Set(fasthttp.HeaderAuthorization, key.raw)
	}
	p.key = key
	p.req.SetRequestURIBytes(p.uri)
	p.req.Header.SetContentType(contentType(r))
	p.req.SetBodyRaw(r.Payload)
}

// answer classifies what became of the request.
func (p *publisher) answer(err error) pipeline.Answer {
	if err == nil || errors.Is(err, fasthttp.ErrBodyTooLarge) {
		return answered(&p.resp, p.key)
	}
	a := pipeline.Answer{Verdict: pipeline.Ambiguous, Result: pipeline.ResultNetwork, Detail: err.Error()}
	if _, ok := errors.AsType[*dialError](err); ok && !p.repeated {
		a.Verdict = pipeline.Retry
	} else if isTimeout(err) {
		a.Result = pipeline.ResultTimeout
		a.Detail = "no answer within the timeout"
	}
	return a
}

// mayRepeat is asked after a failure. It allows one repetition where a reused connection broke before the first byte of an
// answer: the server had most likely closed it while it was idle. fasthttp reports that as a plain io.EOF, or as a failed
// write.
func (p *publisher) mayRepeat(_ *fasthttp.Request, _ int, err error) (resetTimeout, repeat bool) {
	if p.once || p.dialed || p.repeated {
		return false, false
	}
	if err != io.EOF && !isWriteError(err) { //nolint:errorlint // A wrapped io.EOF means that an answer had begun.
		return false, false
	}
	p.repeated = true
	return false, true
}

func isWriteError(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "write" && !op.Timeout()
}

// dial opens a connection for fasthttp.
func (p *publisher) dial(string, time.Duration) (net.Conn, error) {
	p.dialed = true
	opened, err := p.momento.dialer.dial(p.deadline, func(tcp *net.TCPConn) net.Conn {
		p.conn = newConn(tcp)
		return p.conn
	})
	if err != nil {
		p.conn = nil
		return nil, err
	}
	now := time.Now()
	p.expires = now.Add(age())
	return opened, p.conn.begin(now, p.deadline)
}
