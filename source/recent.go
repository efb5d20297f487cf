package source

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/subject"
)

// Sample is a message of a stream that was only looked at.
type Sample struct {
	Sequence uint64
	Subject  string
	Time     time.Time
	Header   map[string][]string
	Size     int    // Of the payload, in bytes.
	Payload  []byte // nil where it is larger than was asked for.
}

// Look says how far Recent looks back.
type Look struct {
	Stream   string
	Filters  []string // None: all messages.
	Messages int      // At most so many.
	Payload  int      // Larger payloads are not kept.
}

const (
	lookTogether = 16 // Requests at a time.
	lookFurther  = 5  // Messages looked at for each that is wanted.
)

// Recent reads the newest messages of a stream that match, one by one from its end, and returns them in the order of
// the stream. It creates nothing. It ends early when ctx is done, with what it has by then. Where the user may not
// look, the error is a RefusedError. It needs that the messages' bytes fit into memory, lookTogether at a time.
func Recent(ctx context.Context, conn *nats.Conn, acks *Acks, look Look) ([]Sample, error) {
	js, err := NewAPI(conn)
	if err != nil {
		return nil, err
	}
	api := apiOf(conn)
	ctx, release := acks.Guard(ctx, api.subject("STREAM.INFO."+look.Stream), api.subject("STREAM.MSG.GET."+look.Stream),
		api.subject("DIRECT.GET."+look.Stream))
	defer release()
	stream, err := js.Stream(ctx, look.Stream)
	if err != nil {
		return nil, refusal(ctx, err)
	}
	state := stream.CachedInfo().State
	var found []Sample // The newest first.
	looked := 0
	for next := state.LastSeq; next > 0 && next >= state.FirstSeq; {
		if len(found) >= look.Messages || looked >= lookFurther*look.Messages {
			break
		}
		several := min(lookTogether, next-state.FirstSeq+1)
		samples, err := look.at(ctx, stream, next, int(several))
		if refused, ok := errors.AsType[*RefusedError](err); ok {
			return nil, refused
		}
		found = append(found, samples...)
		if err != nil {
			break
		}
		looked += int(several)
		next -= several
	}
	found = found[:min(len(found), look.Messages)]
	slices.Reverse(found)
	return found, nil
}

// at looks at several messages at a time, the newest of which is given, and returns those that match, the newest first.
func (l *Look) at(ctx context.Context, stream jetstream.Stream, newest uint64, several int) ([]Sample, error) {
	samples, errs := make([]*Sample, several), make([]error, several)
	var looking sync.WaitGroup
	for i := range several {
		looking.Go(func() {
			m, err := stream.GetMsg(ctx, newest-uint64(i))
			switch {
			case errors.Is(err, jetstream.ErrMsgNotFound): // Deleted, or expired.
			case err != nil:
				errs[i] = refusal(ctx, err)
			case l.wants(m.Subject):
				samples[i] = l.sample(m)
			}
		})
	}
	looking.Wait()
	var found []Sample
	for _, s := range samples {
		if s != nil {
			found = append(found, *s)
		}
	}
	return found, errors.Join(errs...)
}

func (l *Look) wants(of string) bool {
	return len(l.Filters) == 0 || slices.ContainsFunc(l.Filters, func(filter string) bool {
		return subject.Overlap(filter, of)
	})
}

func (l *Look) sample(m *jetstream.RawStreamMsg) *Sample {
	s := &Sample{Sequence: m.Sequence, Subject: m.Subject, Time: m.Time, Header: m.Header, Size: len(m.Data)}
	if s.Size <= l.Payload {
		s.Payload = m.Data
	}
	return s
}
