package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What JetStream answers to a dead letter, besides that it has it.
const (
	codeTooLarge       jetstream.ErrorCode = 10054 // Larger than the stream's max_msg_size.
	codeHeaderTooLarge jetstream.ErrorCode = 10097
	codeNotStored      jetstream.ErrorCode = 10077 // The stream is full and discards what is new.
	codeSealed         jetstream.ErrorCode = 10109
)

// codesUsedUp are the answers when the storage of the account or the servers is used up.
var codesUsedUp = []jetstream.ErrorCode{10002, 10023, 10028, 10047}

// maxHeader is the most that JetStream takes of headers, in bytes.
const maxHeader = math.MaxUint16

// truncatedHeader says that a dead letter has only the beginning of its message's payload, and how long that is.
const truncatedHeader = ourPrefix + "Truncated"

// headersCutHeader says how many headers of its message a dead letter lacks.
const headersCutHeader = ourPrefix + "Headers-Cut"

// store publishes a dead letter, cut to what the server and its stream take.
func (d *DeadLetters) store(ctx context.Context, letter *nats.Msg) error {
	whole := *letter
	whole.Header = maps.Clone(letter.Header)
	for limit := d.conn.MaxPayload(); ; {
		cut, fits := fit(letter, limit)
		if !fits {
			return fmt.Errorf(
				"not even a dead letter without payload, of %d bytes, fits into %s: raise its max_msg_size "+
					"with `nats stream edit %s --max-msg-size 1048576`", headerSize(letter.Header),
				d.streamFor(ctx), d.streamOr(ctx, "STREAM"))
		}
		_, err := d.js.PublishMsg(ctx, letter)
		if err == nil {
			if cut {
				d.tellCut(letter, len(whole.Data))
			}
			return nil
		}
		if !tooLarge(err) || ctx.Err() != nil {
			return d.explain(ctx, err)
		}
		limit = d.nextLimit(ctx, letter, limit)
		*letter = whole
		letter.Header = maps.Clone(whole.Header)
	}
}

func tooLarge(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return errors.Is(err, nats.ErrMaxPayload) || ok && (api.ErrorCode == codeTooLarge ||
		api.ErrorCode == codeHeaderTooLarge ||
		api.ErrorCode == codeNotStored && strings.Contains(api.Description, "too large"))
}

// nextLimit is what to try after a dead letter was too large: what the stream takes, or half as much where that may
// not be asked for.
func (d *DeadLetters) nextLimit(ctx context.Context, refused *nats.Msg, before int64) int64 {
	if most := d.mostOf(ctx); most > 0 && most < before {
		return most
	}
	if now := d.conn.MaxPayload(); now < before { // Of another server.
		return now
	}
	return int64(headerSize(refused.Header)+len(refused.Data)) / 2
}

// infoTime is how long the server's word on the stream is awaited: it does not answer a user who may not ask.
const infoTime = time.Second

// mostOf is the stream's max_msg_size; 0 if it has none, or may not be looked at.
func (d *DeadLetters) mostOf(ctx context.Context) int64 {
	if d.blind.Load() {
		return 0
	}
	soon, cancel := context.WithTimeout(ctx, infoTime)
	defer cancel()
	stream, err := d.js.Stream(soon, d.streamOr(soon, ""))
	if err != nil {
		d.blind.Store(soon.Err() != nil)
		return 0
	}
	return int64(stream.CachedInfo().Config.MaxMsgSize)
}

// tellCut logs that a dead letter holds only a part of its message.
func (d *DeadLetters) tellCut(letter *nats.Msg, size int) {
	d.throttled.Warn("a dead letter is larger than NATS takes: it is kept cut, with a reference to its message in "+
		"the original stream",
		"subject", d.subject, "bytes", size, "kept", len(letter.Data), "stream", letter.Header.Get(ourPrefix+"Stream"),
		"sequence", letter.Header.Get(ourPrefix+"Sequence"), "headers_cut",
		cmp.Or(letter.Header.Get(headersCutHeader), "0"))
}

// fit cuts a dead letter to so many bytes of headers and payload: of the payload, the end; of headers that are alone
// too large, first the largest ones of the message, then our own that can be done without. It reports whether it has
// cut anything, and whether the rest fits.
func fit(letter *nats.Msg, limit int64) (cut, fits bool) {
	h := letter.Header
	if headerSize(h) <= maxHeader && int64(headerSize(h)+len(letter.Data)) <= limit {
		return false, true
	}
	before := h.Get(truncatedHeader) // If the message was itself a dead letter that has been cut.
	if before == "" {
		h.Set(truncatedHeader, strconv.Itoa(len(letter.Data)))
	}
	room := min(limit, maxHeader)
	left := 0
	for _, name := range dispensable(h) {
		if int64(headerSize(h)) <= room {
			break
		}
		delete(h, name)
		left++
		h.Set(headersCutHeader, strconv.Itoa(left))
	}
	size := int64(headerSize(h))
	if size > room {
		return true, false
	}
	if size+int64(len(letter.Data)) <= limit {
		if before == "" { // Only headers were too large.
			h.Del(truncatedHeader)
		}
		return true, true
	}
	letter.Data = letter.Data[:limit-size]
	return true, true
}

// dispensable lists the headers that a dead letter may lose, the first first: those of its message, the largest
// first, and then our own that say neither why nor where from.
func dispensable(h nats.Header) []string {
	var names []string
	for name := range h {
		if name == exactHeader || !strings.HasPrefix(name, ourPrefix) && name != jetstream.MsgIDHeader {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(headerSize(nats.Header{b: h[b]}), headerSize(nats.Header{a: h[a]})),
			strings.Compare(a, b))
	})
	for _, own := range []string{"Error", "Time", "Attempts", "Status"} {
		if _, has := h[ourPrefix+own]; has {
			names = append(names, ourPrefix+own)
		}
	}
	return names
}

// headerSize is what headers take on the way, in bytes.
func headerSize(h nats.Header) int {
	if len(h) == 0 {
		return 0
	}
	n := len("NATS/1.0\r\n") + len("\r\n")
	for name, values := range h {
		for _, value := range values {
			n += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return n
}

// explain says why a dead letter could not be stored, with the stream's name, and what to do.
func (d *DeadLetters) explain(ctx context.Context, err error) error {
	api, _ := errors.AsType[*jetstream.APIError](err)
	switch {
	case api != nil && api.ErrorCode == codeNotStored:
		name := d.streamOr(ctx, "STREAM")
		return fmt.Errorf("%s is full and takes no more dead letters: raise its limits with `nats stream edit %s`, "+
			"or replay them, "+
			"or delete them with `nats stream purge %[2]s`: %w", d.streamFor(ctx), name, err)
	case api != nil && api.ErrorCode == codeSealed:
		return fmt.Errorf(
			"%s is sealed and takes no dead letters: let another stream take %s: %w", d.streamFor(ctx), d.subject, err)
	case api != nil && slices.Contains(codesUsedUp, api.ErrorCode):
		return fmt.Errorf("the storage of the account or the servers is used up, so that %s takes no dead letters: "+
			"raise the limits of the account, "+
			"or delete what nobody needs (`nats stream purge` empties a stream): %w", d.streamFor(ctx), err)
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf(
			"publish the dead letter to %s (does a stream take that subject?): create one, for example with "+
				"`nats stream add DEAD --subjects '%[1]s'`: %w", d.subject, err)
	case errors.Is(err, context.DeadlineExceeded):
		if denied := publishRefused(d.conn, d.subject); denied != nil {
			return fmt.Errorf("publish the dead letter to %s: %w", d.subject, denied)
		}
		return fmt.Errorf("no stream acknowledges dead letters on %s: check that the server is healthy, that the "+
			"NATS user may publish there, "+
			"and that the stream is not set to no_ack: %w", d.subject, err)
	}
	return fmt.Errorf("publish the dead letter to %s: %w", d.subject, err)
}

// streamFor names the stream that takes the dead letters, for people.
func (d *DeadLetters) streamFor(ctx context.Context) string {
	if name := d.streamOr(ctx, ""); name != "" {
		return "the stream " + name
	}
	return "the stream of " + d.subject
}

// streamOr is the name of the stream that takes the dead letters, or something else where it cannot be had.
func (d *DeadLetters) streamOr(ctx context.Context, otherwise string) string {
	name, err := d.js.StreamNameBySubject(ctx, d.subject)
	if err != nil {
		return otherwise
	}
	return name
}
