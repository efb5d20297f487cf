package sink

import (
	"errors"
	"io"

	"momento-bridge/pipeline"
)

// ending is why a connection carries no more.
type ending struct {
	err    error // nil: the server has answered what nobody has asked, or it is polite.
	begun  bool  // Something of an answer had come.
	polite bool  // The server has announced it. Then it has not processed what it has not answered.
}

// answer is what the ending means for a publish that was not answered. after says that there is one before it.
func (e ending) answer(after bool) pipeline.Answer {
	a := pipeline.Answer{Verdict: pipeline.Ambiguous, Result: pipeline.ResultNetwork, Echo: after}
	switch {
	case e.polite:
		// RFC 9112, 9.6: a server must not process what comes after the request whose answer announces the end.
		a.Verdict, a.Detail = pipeline.Unsent, "the endpoint closed the connection before this publish"
	case e.err == nil:
		a.Detail = "the endpoint answered more than it was asked"
	case errors.Is(e.err, io.ErrUnexpectedEOF):
		a.Detail = "the endpoint closed the connection in the midst of an answer"
	case errors.Is(e.err, io.EOF):
		a.Detail = "the endpoint closed the connection without an answer"
	case !isTimeout(e.err):
		a.Detail = e.err.Error()
	case after:
		a.Detail = "a publish before it on the connection got no answer within the timeout"
	case e.begun:
		a.Result, a.Detail = pipeline.ResultTimeout, "what came within the timeout is not a whole answer"
	default:
		a.Result, a.Detail = pipeline.ResultTimeout, "no answer within the timeout"
	}
	return a
}
