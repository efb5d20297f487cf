package sink

import (
	"strconv"
	"strings"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// Requests are written by hand: fasthttp's PipelineClient cannot carry several on a connection, as it copies each
// request, tells nobody which ones a broken connection has left unanswered, and fails all for one; its other clients
// own their connections, and look at none between two requests.

// wire writes requests. It belongs to one goroutine.
type wire struct {
	cfg  *Config
	key  *key.Key // The key in tail.
	tail [2][]byte
}

// add adds a request. Cache and topic are escaped and keys hold no control characters, so nothing in it
// can end a line.
func (w *wire) add(o *outgoing, r *pipeline.Request, k *key.Key) {
	o.copied = w.appendHead(o.copied, r, k)
	o.addPayload(r.Payload)
}

func (w *wire) appendHead(dst []byte, r *pipeline.Request, k *key.Key) []byte {
	if k != w.key {
		w.setKey(k)
	}
	dst = append(dst, "POST "...)
	if w.cfg.forwarder != nil {
		dst = append(dst, w.cfg.Endpoint.base...)
	}
	dst = w.cfg.appendTarget(dst, r, k)
	tail := w.tail[0]
	if r.Text {
		tail = w.tail[1]
	}
	dst = append(dst, tail...)
	dst = strconv.AppendInt(dst, int64(len(r.Payload)), 10)
	return append(dst, "\r\n\r\n"...)
}

// setKey makes what follows the target, up to the length of the body, for bytes and for text.
func (w *wire) setKey(k *key.Key) {
	w.key = k
	for i, text := range [...]bool{false, true} {
		tail := append([]byte(nil), " HTTP/1.1\r\nHost: "...)
		tail = append(tail, strings.TrimPrefix(w.cfg.Endpoint.base, "http://")...)
		tail = append(tail, "\r\nUser-Agent: "+w.cfg.userAgent()+"\r\nContent-Type: "...)
		tail = append(tail, contentType(&pipeline.Request{Text: text})...)
		if w.cfg.forwarder != nil {
			tail = append(tail, w.cfg.forwarder.authorizationLine()...)
		}
		if !w.cfg.QueryAuth {
			tail = append(tail, "\r\nAuthorization: "...)
			tail = append(tail, k.Reveal()...)
		}
		w.tail[i] = append(tail, "\r\nContent-Length: "...)
	}
}
