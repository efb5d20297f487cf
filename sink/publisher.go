package sink

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"momento-bridge/pipeline"
)

// publisher owns one keep-alive connection, one request and one response, used again and again by one worker.
type publisher struct {
	momento *Momento
	client  fasthttp.HostClient
	req     fasthttp.Request
	resp    fasthttp.Response
	uri     []byte
	key     *Key // The key in the request.

	// Of the publish under way:
	once     bool // The payload must not be sent a second time.
	dialed   bool // The connection was opened for it.
	repeated bool // The payload was sent a second time.
}

func newPublisher(m *Momento) *publisher {
	p := &publisher{momento: m}
	p.client = fasthttp.HostClient{
		Addr:                      m.cfg.Endpoint.Addr,
		Name:                      "momento-bridge",
		DialTimeout:               p.dial,
		MaxConns:                  1,
		MaxIdleConnDuration:       idleLimit,
		MaxConnDuration:           youngest + rand.N(oldest-youngest),
		ReadTimeout:               m.cfg.Timeout,
		WriteTimeout:              m.cfg.Timeout,
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
	if r.Topic == "" {
		return pipeline.Answer{Verdict: pipeline.Reject, Result: pipeline.ResultOther, Reason: "empty_topic", Detail: "the topic is empty; correct the route's topic"}
	}
	key := p.momento.cfg.Keys.Key()
	if key == nil {
		return pipeline.Answer{Verdict: pipeline.HaltAll, Result: pipeline.ResultOther, Detail: "no API key has been fetched yet"}
	}
	p.build(r, key)
	p.once, p.dialed, p.repeated = r.Once, false, false
	timeout := time.Until(r.Deadline)
	if timeout <= 0 {
		return pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.ResultTimeout, Detail: "no time left to publish"}
	}
	p.req.SetTimeout(timeout)
	err := p.client.Do(&p.req, &p.resp)
	p.req.SetBodyRaw(nil)
	a := p.answer(err)
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
	p.uri = append(p.uri, "/topics/"...)
	p.uri = appendSegment(p.uri, r.Cache)
	p.uri = append(p.uri, '/')
	p.uri = appendSegment(p.uri, r.Topic)
	if cfg.QueryAuth {
		p.uri = append(p.uri, "?token="...)
		p.uri = appendSegment(p.uri, key.raw)
	} else if key != p.key {
		p.req.Header.Set(fasthttp.HeaderAuthorization, key.raw)
	}
	p.key = key
	p.req.SetRequestURIBytes(p.uri)
	contentType := "application/octet-stream"
	if r.Text {
		contentType = "text/plain"
	}
	p.req.Header.SetContentType(contentType)
	p.req.SetBodyRaw(r.Payload)
}

// answer classifies what became of the request.
func (p *publisher) answer(err error) pipeline.Answer {
	if err == nil || errors.Is(err, fasthttp.ErrBodyTooLarge) {
		status := p.resp.StatusCode()
		if status == fasthttp.StatusNoContent {
			return pipeline.Answer{Verdict: pipeline.Accept, Result: pipeline.Result204, Status: status}
		}
		retryAfter := string(p.resp.Header.Peek(fasthttp.HeaderRetryAfter))
		a := classify(status, retryAfter, p.resp.Body(), time.Now())
		a.Detail = strings.ReplaceAll(a.Detail, p.key.raw, "***")
		return a
	}
	a := pipeline.Answer{Verdict: pipeline.Ambiguous, Result: pipeline.ResultNetwork, Detail: err.Error()}
	if _, ok := errors.AsType[*dialError](err); ok && !p.repeated {
		a.Verdict = pipeline.Retry
	} else if errors.Is(err, fasthttp.ErrTimeout) {
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

func (p *publisher) dial(addr string, timeout time.Duration) (net.Conn, error) {
	p.dialed = true
	return p.momento.dialer.dial(addr, timeout)
}
