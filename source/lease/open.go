package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/source"
)

// opened is what came of opening the bucket.
type opened struct {
	err     error // errNone, a RefusedError, or why nothing is known.
	created time.Time
	age     time.Duration // By the server's clock.
	watcher jetstream.KeyWatcher
	stop    context.CancelFunc // Of the watcher.
}

// errNone is that there is no bucket.
var errNone = errors.New("there is no bucket")

// expiresError is that a bucket lets leases vanish while they are held.
type expiresError struct {
	bucket string
	after  time.Duration
}

func (e expiresError) Error() string {
	return fmt.Sprintf("the bucket %s lets its values expire after %v, less than two leases", e.bucket, e.after)
}

const (
	openTimeout = 5 * time.Second
	// bucketReplicas is how many servers keep the bucket, if there are so many.
	bucketReplicas = 3
)

// open looks whether the bucket is there and may be used, makes it if it should, and begins to watch it.
func (m *Manager) open(ctx context.Context) opened {
	js, err := source.NewAPI(m.conn)
	if err != nil {
		return opened{err: err}
	}
	timely, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	info, err := m.info(timely)
	if errors.Is(err, errNone) && m.cfg.Create {
		if err = m.make(timely, js); err == nil {
			info, err = m.info(timely)
		}
	}
	if err != nil {
		return opened{err: err}
	}
	if ttl := info.Config.MaxAge; ttl > 0 && ttl < 2*m.cfg.Lease {
		return opened{err: expiresError{m.cfg.Bucket, ttl}}
	}
	if err := m.tryWrite(timely); err != nil {
		return opened{err: err}
	}
	o := opened{created: info.Created}
	if !info.TimeStamp.IsZero() { // Else it counts as just made.
		o.age = info.TimeStamp.Sub(info.Created)
	}
	o.watcher, o.stop, o.err = m.watch(ctx, js)
	return o
}

// info asks for the numbers of the bucket's stream.
func (m *Manager) info(ctx context.Context) (*jetstream.StreamInfo, error) {
	answer, err := m.acks.Request(ctx, nats.NewMsg(
		source.APISubject(m.conn, "STREAM.INFO.KV_"+m.cfg.Bucket)))
	if err != nil {
		return nil, err
	}
	var info struct {
		jetstream.StreamInfo
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &info); err != nil {
		return nil, fmt.Errorf("the answer about the bucket makes no sense: %w", err)
	}
	switch {
	case info.Error == nil:
		return &info.StreamInfo, nil
	case info.Error.ErrorCode == jetstream.JSErrCodeStreamNotFound:
		return nil, errNone
	}
	return nil, info.Error
}

// make makes the bucket, with as many replicas as the servers allow.
func (m *Manager) make(ctx context.Context, js jetstream.JetStream) error {
	ctx, release := m.acks.Guard(ctx, source.APISubject(m.conn, "STREAM.CREATE.KV_"+m.cfg.Bucket))
	defer release()
	var err error
	for replicas := bucketReplicas; replicas > 0; replicas -= 2 {
		_, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: m.cfg.Bucket, Description: "leases of momento-bridge", History: 1,
			Storage: jetstream.FileStorage, Replicas: replicas,
		})
		if err == nil || errors.Is(err, jetstream.ErrBucketExists) {
			return nil
		}
		if refused, ok := errors.AsType[*source.RefusedError](context.Cause(ctx)); ok {
			return refused
		}
	}
	if apiErr, ok := errors.AsType[*jetstream.APIError](err); ok {
		return fmt.Errorf("%w, and it cannot be made: %w", errNone, apiErr)
	}
	return err
}

// tryWrite looks whether values may be written, by a write that no revision allows.
func (m *Manager) tryWrite(ctx context.Context) error {
	try := nats.NewMsg(m.subject("="))
	try.Header.Set(jetstream.ExpectedLastSubjSeqHeader, "9007199254740991")
	_, err := m.acks.Request(ctx, try)
	return err
}

// watch begins to watch the keys of the group.
func (m *Manager) watch(ctx context.Context, js jetstream.JetStream) (jetstream.KeyWatcher, context.CancelFunc, error) {
	ctx, release := m.acks.Guard(ctx, source.APISubject(m.conn, "CONSUMER.CREATE.KV_"+m.cfg.Bucket))
	lasting, stop := context.WithCancel(ctx)
	late := time.AfterFunc(openTimeout, stop)
	kv, err := js.KeyValue(lasting, m.cfg.Bucket)
	var w jetstream.KeyWatcher
	if err == nil {
		w, err = kv.Watch(lasting, m.prefix()+">")
	}
	late.Stop()
	if err == nil {
		err = lasting.Err()
	}
	if err != nil {
		if refused, ok := errors.AsType[*source.RefusedError](context.Cause(ctx)); ok {
			err = refused
		}
		stop()
		release()
		return nil, nil, err
	}
	return w, func() {
		_ = w.Stop() // The connection may be gone, and with it the watch.
		stop()
		release()
	}, nil
}
