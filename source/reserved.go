package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// reservedTokens begin the subjects on which NATS, its clients and the bridge speak of messages, rather than of anything that users
// have published.
var reservedTokens = map[string]bool{
	"$JS": true, "$JSC": true, "$SYS": true, "$NRG": true, "$G": true, "$GR": true, "$GNR": true, "$LDS": true, "$MQTT": true,
	"_INBOX": true, "_R_": true, "_GR_": true,
}

// ownBucket begins the subjects of the bridge's own key-value bucket.
const ownBucket = "$KV.momento-bridge."

// reserved tells the subjects that a route does not publish although its filter matches them: a filter that begins with a wildcard
// does not mean them. What the route itself says to its consumer is never published: it would be answered by more of it.
type reserved struct {
	inbox string // With which the inboxes of the bridge begin.
	named []string
	own   string // Part of all subjects about the route's consumer; empty without one.
}

// newReserved returns what is reserved for a route with these filters, and with this consumer if there is one.
func newReserved(conn *nats.Conn, filters []string, stream, consumer string) *reserved {
	r := &reserved{inbox: inboxOf(conn)}
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
	if subject[0] != '$' && subject[0] != '_' && !strings.HasPrefix(subject, r.inbox) {
		return false
	}
	if r.isOwn(subject) {
		return true
	}
	switch {
	case strings.HasPrefix(subject, r.inbox):
		return !r.names(r.inbox)
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

// passing reports whether a message of core NATS is on its way from a stream to a consumer. Such a message has its own subject, rather than the
// one that it travels on, so that it seems to be published once more to who listens to everything.
func (r *reserved) passing(m *nats.Msg) bool {
	return len(r.named) == 0 && strings.HasPrefix(m.Reply, replyPrefix)
}

// isOwn reports whether the subject is an acknowledgement of the route's own consumer, or a request to it.
func (r *reserved) isOwn(subject string) bool {
	if r.own == "" || !strings.HasPrefix(subject, replyPrefix) && !strings.HasPrefix(subject, "$JS.API.CONSUMER.") {
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
	return fmt.Errorf("%w: the stream %s holds messages of NATS itself (%s.>), which are not published, and each acknowledgement may add more: "+
		"consume a stream that takes no more than what is to be carried, or set the route's subject to that, and restart", errReserved, j.cfg.Stream, kind)
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

// refuseEcho refuses a stream that takes what is said between the server and the stream's own consumers. Such a stream stores each delivery to an
// inbox anew, under the message's own subject, and each acknowledgement: it never ends. Where the stream may not be looked at, the
// first reserved message stops the route.
func (j *JetStream) refuseEcho(ctx context.Context) error {
	if j.blind {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, infoTime)
	defer cancel()
	subjects, err := j.taken(soon, j.cfg.Stream, maxSources)
	if err != nil {
		j.blind = soon.Err() != nil && ctx.Err() == nil
		return nil // Whether there is a stream is asked elsewhere.
	}
	var filters []string
	if j.cfg.Subject != "" {
		filters = []string{j.cfg.Subject}
	}
	caught, how := echoes(subjects, filters, inboxOf(j.conn), j.cfg.Stream, j.cfg.Consumer)
	if caught == "" {
		return nil
	}
	return fmt.Errorf("the stream %s takes %s, by its subject %s or that of a stream it has them from: each message that is consumed would be stored anew, for ever. "+
		"Take that subject from the stream with `nats stream edit %[1]s --subjects ...`, or consume a stream that takes what you want to carry and no more",
		j.cfg.Stream, how, caught)
}

// maxSources is how far a stream is followed to those that it has its messages from.
const maxSources = 4

// taken lists the subjects that a stream takes, also through streams that it mirrors or has as sources.
func (j *JetStream) taken(ctx context.Context, name string, depth int) ([]string, error) {
	stream, err := j.js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	cfg := stream.CachedInfo().Config
	from := cfg.Sources
	if cfg.Mirror != nil {
		from = append(from, cfg.Mirror)
	}
	subjects := cfg.Subjects
	for _, source := range from {
		if source.External != nil || depth == 0 { // Other accounts do not see what is said in this one.
			continue
		}
		if more, err := j.taken(ctx, source.Name, depth-1); err == nil {
			subjects = append(subjects, more...)
		}
	}
	return subjects, nil
}

// echoes returns a subject of a stream that takes what is said about the stream's own consumer, and what that is; empty if none does.
func echoes(subjects, filters []string, inbox, stream, consumer string) (subject, what string) {
	for _, one := range subjects {
		if overlap(one, inbox+">") {
			return one, "what is delivered to the inboxes of consumers (" + inbox + ">)"
		}
		for _, acks := range [...]string{replyPrefix + stream + "." + consumer + ".>", replyPrefix + "*.*." + stream + "." + consumer + ".>"} {
			if overlap(one, acks) && (len(filters) == 0 || anyOverlap(filters, acks)) {
				return one, "the acknowledgements of its own consumer (" + replyPrefix + ">)"
			}
		}
	}
	return "", ""
}

// inboxOf returns with which the inboxes of a connection begin.
func inboxOf(conn *nats.Conn) string {
	if prefix := conn.Opts.InboxPrefix; prefix != "" {
		return strings.TrimSuffix(prefix, ".") + "."
	}
	return nats.InboxPrefix
}

func anyOverlap(list []string, subject string) bool {
	for _, one := range list {
		if overlap(one, subject) {
			return true
		}
	}
	return false
}

// overlap reports whether some subject matches both patterns.
func overlap(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		if as[i] == ">" || bs[i] == ">" {
			return true
		}
		if as[i] != bs[i] && as[i] != "*" && bs[i] != "*" {
			return false
		}
	}
	return len(as) == len(bs)
}
