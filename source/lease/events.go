package lease

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	protocol "momento-bridge/lease"
	"momento-bridge/source"
)

// write sends one. What cannot be sent counts as refused: it is tried again soon.
func (r *run) write(w protocol.Write) {
	m := r.m
	r.writes++
	token := strconv.FormatUint(r.writes, 36)
	value, err := json.Marshal(w.Record)
	if err == nil && r.connected {
		msg := nats.NewMsg(m.subject(w.Key))
		msg.Reply, msg.Data = r.inbox+"."+token, value
		msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(w.Revision, 10))
		err = m.conn.PublishMsg(msg)
	} else if err == nil {
		err = nats.ErrDisconnected
	}
	if err != nil {
		m.mu.Lock()
		m.machine.Refused(m.now(), &w)
		m.mu.Unlock()
		return
	}
	if len(r.pending) >= mostAnswers { // Most of them will never be answered.
		clear(r.pending)
	}
	r.pending[token] = w
}

// answered deals with the answer to a write.
func (r *run) answered(answer *nats.Msg) {
	token := answer.Subject[strings.LastIndexByte(answer.Subject, '.')+1:]
	w, ok := r.pending[token]
	if !ok {
		return
	}
	delete(r.pending, token)
	var ack struct {
		Sequence uint64          `json:"seq"`
		Error    json.RawMessage `json:"error"`
	}
	stored := json.Unmarshal(answer.Data, &ack) == nil && ack.Error == nil && ack.Sequence > 0
	m := r.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if stored {
		m.machine.Answered(m.now(), &w, ack.Sequence)
		return
	}
	m.machine.Refused(m.now(), &w)
	r.reopen(m.now()) // Somebody was faster, or the bucket is another one, or the watch has lost something.
}

// updated deals with what the watch tells; nil: all that was in the bucket has been told.
func (r *run) updated(entry jetstream.KeyValueEntry, ok bool) {
	m := r.m
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	switch {
	case !ok:
		r.drop(r.bucket)
		r.bucket.watcher = nil
		r.openAt = now
	case entry == nil:
		m.machine.Ready(now)
	default:
		r.toldAt = now
		var record protocol.Record
		if entry.Operation() == jetstream.KeyValuePut {
			if json.Unmarshal(entry.Value(), &record) != nil {
				record = protocol.Record{}
			}
		}
		m.machine.Saw(now, strings.TrimPrefix(entry.Key(), m.prefix()), entry.Revision(), record)
	}
}

// opened deals with what came of opening the bucket.
func (r *run) opened(o opened) {
	m := r.m
	r.opening = false
	if r.cutOff {
		r.drop(o)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	switch {
	case o.err == nil:
		r.found(now, o)
	case m.absent(o.err):
		r.drop(r.bucket)
		r.bucket = opened{}
		m.lost(now, o.err)
		r.openAt = now + m.cfg.Lease/5*2
		if _, ok := errors.AsType[*source.RefusedError](o.err); ok {
			r.openAt = now + forbiddenEvery
		}
	default: // A bucket may be there. What is held has its deadline.
		m.missing = o.err
		r.openAt = now + silentEvery
	}
}

// absent reports whether an error says that there is no bucket that may be used. Where nobody answers for JetStream at
// all, one that was there is believed to come back.
func (m *Manager) absent(err error) bool {
	_, refused := errors.AsType[*source.RefusedError](err)
	_, expires := errors.AsType[expiresError](err)
	return refused || expires || errors.Is(err, errNone) || m.place != bucket && disabled(err)
}

// disabled reports whether an error says that there is no JetStream.
func disabled(err error) bool {
	apiErr, ok := errors.AsType[*jetstream.APIError](err)
	return errors.Is(err, nats.ErrNoResponders) || ok && (apiErr.ErrorCode == jetstream.JSErrCodeJetStreamNotEnabled ||
		apiErr.ErrorCode == jetstream.JSErrCodeJetStreamNotEnabledForAccount)
}

// found takes over a bucket that was opened. Unless it is the one before, all that was held in that is lost.
func (r *run) found(now protocol.Instant, o opened) {
	m := r.m
	r.drop(r.bucket)
	if m.place != bucket || !o.created.Equal(r.bucket.created) {
		m.machine.Opened(now, o.age)
		m.moveIn(now)
	}
	m.machine.Again()
	m.missing = nil // What it lacked when it did not answer, too.
	r.bucket, r.toldAt, r.openAt = o, now, forever
}

// drop ends a watch. It does not wait for the server, which is asked to delete the watch's consumer and may take
// seconds to answer: leases are renewed meanwhile, and mu may be held.
func (r *run) drop(o opened) {
	if o.watcher == nil {
		return
	}
	r.dropping.Go(o.stop)
	go func() { // The one that fills it may wait, and ends then.
		for range o.watcher.Updates() {
			continue
		}
	}()
}
