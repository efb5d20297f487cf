package sink

import (
	"time"

	"momento-bridge/chance"
	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

const product = "momento-bridge"

// userAgent is what the endpoint is told of the program.
func (c *Config) userAgent() string {
	if c.Version == "" {
		return product
	}
	return product + "/" + c.Version
}

// noTimeLeft answers a publish whose deadline has passed before it was sent. The endpoint has no part in that.
var noTimeLeft = pipeline.Answer{
	Verdict: pipeline.Retry, Result: pipeline.ResultTimeout,
	Detail: "no time left to publish", Echo: true,
}

// prepare returns the key to publish with; nil if the publish cannot be sent, and then the answer to it.
func (m *Momento) prepare(r *pipeline.Request) (*key.Key, pipeline.Answer) {
	if r.Topic == "" {
		return nil, pipeline.Answer{
			Verdict: pipeline.Reject, Result: pipeline.ResultOther, Reason: "empty_topic",
			Detail: "the topic is empty; correct the route's topic",
		}
	}
	k := m.cfg.Keys.Key()
	if k == nil {
		return nil, pipeline.Answer{
			Verdict: pipeline.HaltAll, Result: pipeline.ResultOther,
			Detail: key.ErrNone.Error(),
		}
	}
	return k, pipeline.Answer{}
}

// appendTarget appends the request's target: path and query.
func (c *Config) appendTarget(dst []byte, r *pipeline.Request, k *key.Key) []byte {
	dst = append(dst, "/topics/"...)
	dst = appendSegment(dst, r.Cache)
	dst = append(dst, '/')
	dst = appendSegment(dst, r.Topic)
	if c.QueryAuth {
		dst = append(dst, "?token="...)
		dst = appendSegment(dst, k.Reveal())
	}
	return dst
}

func contentType(r *pipeline.Request) string {
	if r.Text {
		return "text/plain"
	}
	return "application/octet-stream"
}

// age is how old a connection may become.
func age() time.Duration { return youngest + chance.Below(oldest-youngest) }
