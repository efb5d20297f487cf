package source

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// reservedTokens begin the subjects on which NATS, its clients and the bridge speak of messages, rather than of
// anything that users have published.
var reservedTokens = map[string]bool{
	"$JS": true, "$JSC": true, "$SYS": true, "$NRG": true, "$G": true, "$GR": true, "$GNR": true, "$LDS": true,
	"$MQTT":  true,
	"_INBOX": true, "_R_": true, "_GR_": true,
}

// ownBucket begins the subjects of the bridge's own key-value bucket.
const ownBucket = "$KV.momento-bridge."

// reserved tells the subjects that a route does not publish although its filter matches them: a filter that begins
// with a wildcard does not mean them. What the route itself says to its consumer is never published: it would be
// answered by more of it.
type reserved struct {
	inbox string // With which the inboxes of the bridge begin,
	api   string // and its requests to JetStream.
	named []string
	own   string // Part of all subjects about the route's consumer; empty without one.
}

// newReserved returns what is reserved for a route with these filters, and with this consumer if there is one.
func newReserved(conn *nats.Conn, filters []string, stream, consumer string) *reserved {
	r := &reserved{inbox: inboxPrefix(conn), api: apiOf(conn).subject("")}
	for _, filter := range filters {
		if filter != "" && filter[0] != '*' && filter[0] != '>' {
			r.named = append(r.named, filter)
		}
	}
	if consumer != "" {
		r.own = "." + stream + "." + consumer
	}
	return r
}

// has reports whether a subject is reserved.
func (r *reserved) has(subject string) bool {
	if subject[0] != '$' && subject[0] != '_' && !strings.HasPrefix(subject, r.inbox) &&
		!strings.HasPrefix(subject, r.api) {
		return false
	}
	if r.isOwn(subject) {
		return true
	}
	switch {
	case strings.HasPrefix(subject, r.inbox):
		return !r.names(r.inbox)
	case subject[0] != '$' && strings.HasPrefix(subject, r.api): // Under a prefix of one's own.
		return !r.names(r.api)
	case strings.HasPrefix(subject, ownBucket):
		return !r.names(ownBucket)
	}
	token, _, _ := strings.Cut(subject, ".")
	return reservedTokens[token] && !r.names(token+".")
}

// names reports whether a filter begins with these very tokens, which end in a dot.
func (r *reserved) names(tokens string) bool {
	for _, filter := range r.named {
		if strings.HasPrefix(filter+".", tokens) {
			return true
		}
	}
	return false
}

// passing reports whether a message of core NATS is on its way from a stream to a consumer. Such a message has its
// own subject, rather than the one that it travels on, so that it seems to be published once more to who listens to
// everything.
func (r *reserved) passing(m *nats.Msg) bool {
	return len(r.named) == 0 && strings.HasPrefix(m.Reply, replyPrefix)
}

// ofBridges reports whether a subject is one on which bridges send canaries to themselves, or tell each other of the
// quota: mb.GROUP.canary, with a sender or without, and mb.GROUP.QUOTAS.r, .l, .h and .n with more, where QUOTAS are
// eight digits. Others that begin with mb are users'.
func (r *reserved) ofBridges(subject string) bool {
	rest, ours := strings.CutPrefix(subject, "mb.")
	if !ours || r.names("mb.") {
		return false
	}
	_, rest, _ = strings.Cut(rest, ".")
	what, more, deeper := strings.Cut(rest, ".")
	if what == "canary" {
		return !deeper || !strings.Contains(more, ".")
	}
	told, _, _ := strings.Cut(more, ".")
	_, err := hex.DecodeString(what)
	return err == nil && len(what) == 8 && (more == "r" || more == "l" || more == "h" || told == "n")
}

// isOwn reports whether the subject is an acknowledgement of the route's own consumer, or a request to it.
func (r *reserved) isOwn(subject string) bool {
	if r.own == "" || !strings.HasPrefix(subject, replyPrefix) && !strings.HasPrefix(subject, r.api+"CONSUMER.") {
		return false
	}
	_, rest, found := strings.Cut(subject, r.own)
	return found && (rest == "" || rest[0] == '.')
}

// reservedError says why a route that consumes a stream has stopped, and what to do.
func (j *JetStream) reservedError(subject string) error {
	kind, _, _ := strings.Cut(subject, ".")
	if strings.HasPrefix(subject, ownBucket) {
		kind = strings.TrimSuffix(ownBucket, ".")
	}
	return fmt.Errorf("%w: the stream %s holds messages of NATS itself (%s.>), which are not published, and each "+
		"acknowledgement may add more: "+
		"consume a stream that takes no more than what is to be carried, or set the route's subject to that, and "+
		"restart", errReserved, j.cfg.Stream, kind)
}

// errReserved means that the route must not go on: what it consumes is about its own consuming.
var errReserved = errors.New("the route has stopped")

// rest waits until ctx is done.
func (j *JetStream) rest(ctx context.Context) {
	for ctx.Err() == nil {
		j.cfg.Beat()
		select {
		case <-ctx.Done():
		case <-time.After(restBeat):
		}
	}
}

// restBeat is how often a route that has stopped gives a sign of life.
const restBeat = 10 * time.Second
