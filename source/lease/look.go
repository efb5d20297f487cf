package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/source"
)

// Found is what Look has found.
type Found struct {
	Missing bool     // There is no bucket.
	Servers int      // How many keep it.
	Lacks   []string // Subjects that the NATS user would have to be allowed to publish to.
	Doubts  []string // What of the bucket is not as it should be, and what that means.
}

// ownKey is what Look writes to. Keys of leases begin with a group, which has no such letter alone.
const ownKey = "=check"

// Look looks whether the bucket is there and may be used: it watches the group's keys, and writes one of its own, which
// it removes again. Nothing is made. An error says what is in the way.
func (m *Manager) Look(ctx context.Context) (Found, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	var found Found
	info, err := m.info(ctx)
	switch {
	case errors.Is(err, errNone):
		found.Missing = true
	case isRefused(err):
	case err != nil:
		return found, err
	default:
		if ttl := info.Config.MaxAge; ttl > 0 && ttl < 2*m.cfg.Lease {
			return found, expiresError{m.cfg.Bucket, ttl}
		}
		found.Servers, found.Doubts = info.Config.Replicas, doubts(&info.Config)
	}
	return found, m.look(ctx, &found)
}

// look tries all that leases take, one after the other.
func (m *Manager) look(ctx context.Context, found *Found) error {
	api := func(request string) string { return source.APISubject(m.conn, request) }
	stream := "KV_" + m.cfg.Bucket
	for _, try := range []struct {
		grant   string
		allowed func() error
		made    bool // Only what makes the bucket needs it.
	}{
		{api("STREAM.INFO." + stream), m.may(api("STREAM.INFO." + stream)), false},
		{m.values() + ">", func() error { return m.tryKey(ctx, found.Missing) }, false},
		{
			api("CONSUMER.CREATE." + stream + ".>"), m.may(api("CONSUMER.CREATE." + stream + ".check.check")), false,
		},
		{api("CONSUMER.DELETE." + stream + ".>"), m.may(api("CONSUMER.DELETE." + stream + ".check")), false},
		{api("INFO"), m.may(api("INFO")), true},
		{api("STREAM.CREATE." + stream), m.may(api("STREAM.CREATE." + stream)), true},
	} {
		if try.made && !m.cfg.Create {
			continue
		}
		switch err := try.allowed(); {
		case isRefused(err):
			found.Lacks = append(found.Lacks, try.grant)
		case err != nil:
			return err
		}
	}
	if found.Missing || len(found.Lacks) > 0 {
		return nil
	}
	return m.tryWatch(ctx)
}

// values is where the values of all keys are published, as a prefix.
func (m *Manager) values() string { return source.StreamSubject(m.conn, "$KV."+m.cfg.Bucket+".") }

// may asks whether something may be asked of JetStream, by a request that it does not understand.
func (m *Manager) may(subject string) func() error {
	return func() error { return m.acks.MayPublish(subject, []byte("{}")) }
}

func isRefused(err error) bool {
	_, refused := errors.AsType[*source.RefusedError](err)
	return refused
}

// doubts are what an administrator should know of a bucket that works.
func doubts(c *jetstream.StreamConfig) []string {
	var all []string
	if c.Storage == jetstream.MemoryStorage {
		all = append(all, "is kept in memory: when its servers restart all leases are lost, and ordered routes pause "+
			"for a lease; --storage=file keeps them")
	}
	if c.MaxMsgsPerSubject != 1 {
		all = append(all, fmt.Sprintf("keeps %s of each key, of which one is used; --history=1 is enough",
			historyText(c.MaxMsgsPerSubject)))
	}
	if c.MaxAge > 0 {
		all = append(all, fmt.Sprintf("lets its values expire after %v: when nobody can renew a lease for that long, "+
			"another replica waits a lease longer; make it without --ttl", c.MaxAge.Round(time.Millisecond)))
	}
	return all
}

func historyText(n int64) string {
	if n < 1 {
		return "all values"
	}
	return strconv.FormatInt(n, 10) + " values"
}

// tryKey writes a key by compare-and-set, and removes it in the same way. Without a bucket nothing keeps it.
func (m *Manager) tryKey(ctx context.Context, missing bool) error {
	if missing {
		return m.acks.MayPublish(m.values()+ownKey, nil)
	}
	revision, err := m.writeKey(ctx, 0, "")
	if wrong, ok := errors.AsType[*jetstream.APIError](err); ok &&
		wrong.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		var last uint64
		if _, err := fmt.Sscanf(wrong.Description, "wrong last sequence: %d", &last); err != nil {
			return wrong
		}
		revision, err = m.writeKey(ctx, last, "")
	}
	if err == nil {
		_, err = m.writeKey(ctx, revision, "PURGE")
	}
	switch {
	case err == nil || isRefused(err):
		return err
	case errors.Is(err, nats.ErrNoResponders): // There is no bucket, but one may be made.
		return nil
	}
	return fmt.Errorf("a key cannot be written and removed again: %w", err)
}

// writeKey writes Look's own key if its latest revision is the one given, and returns the new one.
func (m *Manager) writeKey(ctx context.Context, last uint64, operation string) (revision uint64, err error) {
	w := nats.NewMsg(m.values() + ownKey)
	w.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(last, 10))
	if operation != "" {
		w.Header.Set("KV-Operation", operation)
		w.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	}
	answer, err := m.acks.Request(ctx, w)
	if err != nil {
		return 0, err
	}
	var ack struct {
		Sequence uint64              `json:"seq"`
		Error    *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &ack); err != nil {
		return 0, fmt.Errorf("the answer makes no sense: %w", err)
	}
	if ack.Error != nil {
		return 0, ack.Error
	}
	return ack.Sequence, nil
}

// tryWatch watches the keys of the group for a moment.
func (m *Manager) tryWatch(ctx context.Context) error {
	js, err := source.NewAPI(m.conn)
	if err != nil {
		return err
	}
	w, stop, err := m.watch(ctx, js)
	if err != nil {
		return fmt.Errorf("its keys cannot be watched: %w", err)
	}
	defer stop()
	for {
		select {
		case entry, ok := <-w.Updates():
			if entry == nil || !ok { // All that is there has come.
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("its keys do not come: %w", ctx.Err())
		}
	}
}
