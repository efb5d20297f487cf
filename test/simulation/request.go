package simulation

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// attempt is one publish that a daemon has made.
type attempt struct {
	link         *link
	cache, topic string
	key          string
	messages     []*message // What is in it, in its order.
	end          int        // Where it ends among what was sent on its link.
	accepted     int64
	over         bool          // The daemon can learn nothing more of it.
	wait         time.Duration // Its answer asks for that.
}

// httpEnd is the server's end of a link.
type httpEnd struct {
	rest    []byte
	size    int        // Bytes sent in whole requests, and
	come    int        // arrived.
	waiting []*attempt // That have not arrived, in their order.
	flying  []*attempt // That the daemon has no answer to, in their order.
	served  int
	begun   bool // Publishes were written. Those of the first write have waited for the link.
	held    bool // It answers nothing more,
	polite  bool // and has said so.
}

// requests takes what a daemon says apart: each whole request, with its size.
func (e *httpEnd) requests(b []byte, each func(head string, body []byte)) {
	e.rest = append(e.rest, b...)
	for {
		end := bytes.Index(e.rest, []byte("\r\n\r\n"))
		if end < 0 {
			return
		}
		head := string(e.rest[:end])
		length, _ := strconv.Atoi(headerOf(head, "Content-Length"))
		whole := end + 4 + length
		if len(e.rest) < whole {
			return
		}
		e.size += whole
		each(head, bytes.Clone(e.rest[end+4:whole]))
		e.rest = e.rest[:copy(e.rest, e.rest[whole:])]
	}
}

func headerOf(head, name string) string {
	for line := range strings.SplitSeq(head, "\r\n") {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// targetOf returns the cache and the topic that a request names.
func targetOf(head string) (cache, topic string, ok bool) {
	words := strings.SplitN(head, " ", 3)
	if len(words) < 3 || words[0] != "POST" {
		return "", "", false
	}
	path, ok := strings.CutPrefix(words[1], "/topics/")
	if !ok {
		return "", "", false
	}
	path, _, _ = strings.Cut(path, "?")
	cache, topic, ok = strings.Cut(path, "/")
	if !ok {
		return "", "", false
	}
	cache, err := url.PathUnescape(cache)
	if err != nil {
		return "", "", false
	}
	topic, err = url.PathUnescape(topic)
	return cache, topic, err == nil
}
