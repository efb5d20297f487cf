package sink

import (
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/valyala/fasthttp"

	"momento-bridge/pipeline"
)

// answered turns what fasthttp has read into an answer. It may hold no body, or the beginning of one.
func answered(resp *fasthttp.Response, cut bool, hidden secrets) pipeline.Answer {
	status := resp.StatusCode()
	if status == http.StatusNoContent {
		return taken(status)
	}
	head := &resp.Header
	r := response{
		status:      status,
		contentType: string(head.ContentType()),
		encoding:    string(head.ContentEncoding()),
		location:    string(head.Peek(fasthttp.HeaderLocation)),
		date:        string(head.Peek(fasthttp.HeaderDate)),
		body:        resp.Body(),
		cut:         cut,
	}
	for _, wish := range head.PeekAll(fasthttp.HeaderRetryAfter) {
		r.retryAfter = append(r.retryAfter, string(wish))
	}
	return classify(&r, hidden, time.Now())
}

// isTimeout reports whether an error of a connection means that its deadline has passed.
func isTimeout(err error) bool {
	return errors.Is(err, fasthttp.ErrTimeout) || errors.Is(err, os.ErrDeadlineExceeded)
}
