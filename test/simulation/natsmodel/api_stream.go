package natsmodel

import (
	"reflect"
	"slices"
	"time"
)

// streamState is what a stream says of its messages.
type streamState struct {
	Messages   int               `json:"messages"`
	Bytes      uint64            `json:"bytes"`
	First      uint64            `json:"first_seq"`
	FirstTime  time.Time         `json:"first_ts"`
	Last       uint64            `json:"last_seq"`
	LastTime   time.Time         `json:"last_ts"`
	Subjects   int               `json:"num_subjects,omitempty"`
	PerSubject map[string]uint64 `json:"subjects,omitempty"`
	Deleted    int               `json:"num_deleted,omitempty"`
	Consumers  int               `json:"consumer_count"`
}

// streamBody is what a stream says of itself.
type streamBody struct {
	Config  streamConfig `json:"config"`
	Created time.Time    `json:"created"`
	State   streamState  `json:"state"`
	Cluster *cluster     `json:"cluster,omitempty"`
	Time    time.Time    `json:"ts"`
}

// cluster says who leads.
type cluster struct {
	Name   string `json:"name"`
	Leader string `json:"leader,omitempty"`
}

func (s *stream) body(subjects string) streamBody {
	st := s.store
	state := streamState{
		Messages: st.live, Bytes: st.bytes, First: st.first, Last: st.last, LastTime: st.lastAt.UTC(),
		Subjects: len(st.subjects), Consumers: len(s.consumers),
	}
	if m := st.oldest(); m != nil {
		state.FirstTime = m.at.UTC()
		state.Deleted = int(st.last-st.first) + 1 - st.live
	}
	if subjects != "" {
		state.PerSubject = map[string]uint64{}
		for subject, seqs := range st.subjects { // Written in the order of their names.
			if matches(subjects, subject) {
				state.PerSubject[subject] = uint64(len(seqs))
			}
		}
	}
	b := streamBody{Config: s.cfg, Created: s.created.UTC(), State: state, Time: s.js.server.now.UTC()}
	if s.cfg.Replicas > 1 {
		b.Cluster = &cluster{Name: "model", Leader: s.leader()}
	}
	return b
}

// delete takes a stream away with its consumers.
func (s *stream) delete() {
	for _, o := range slices.Clone(s.consumers) {
		o.delete("409 Consumer Deleted")
	}
	s.js.server.timers.stop(&s.age)
	s.js.server.timers.stop(&s.election)
	at, _ := s.js.find(s.cfg.Name)
	s.js.streams = slices.Delete(s.js.streams, at, at+1)
}

// listRequest is what may be asked of lists.
type listRequest struct {
	Offset  int    `json:"offset"`
	Subject string `json:"subject"`
}

// matching are the streams that store something of a subject, which may be a filter; empty: all.
func (js *jetStream) matching(subject string) []*stream {
	var all []*stream
	for _, s := range js.streams {
		if subject == "" || slices.ContainsFunc(s.cfg.Subjects, func(f string) bool { return overlaps(f, subject) }) {
			all = append(all, s)
		}
	}
	return all
}

func (r *request) streamNames() bool {
	var wanted listRequest
	if err := r.read(&wanted); err != nil {
		return r.fail("stream_names", err)
	}
	names := []string{}
	for _, s := range r.js.matching(wanted.Subject) {
		names = append(names, s.cfg.Name)
	}
	part, of := cut(names, wanted.Offset, namesLimit)
	r.js.respond(r.reply, "stream_names", struct {
		page
		Streams []string `json:"streams"`
	}{of, part})
	return true
}

func (r *request) streamList() bool {
	var wanted listRequest
	if err := r.read(&wanted); err != nil {
		return r.fail("stream_list", err)
	}
	bodies := []streamBody{}
	for _, s := range r.js.matching(wanted.Subject) {
		bodies = append(bodies, s.body(""))
	}
	part, of := cut(bodies, wanted.Offset, listLimit)
	r.js.respond(r.reply, "stream_list", struct {
		page
		Streams []streamBody `json:"streams"`
	}{of, part})
	return true
}

func (r *request) streamInfo() bool {
	var wanted struct {
		Subjects string `json:"subjects_filter"`
	}
	if err := r.read(&wanted); err != nil {
		return r.fail("stream_info", err)
	}
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("stream_info", errStreamNotFound)
	}
	if s.leaderless {
		return true
	}
	body, of := s.body(wanted.Subjects), page{}
	if len(body.State.PerSubject) > 0 {
		of = page{Total: len(body.State.PerSubject), Limit: subjectsLimit}
	}
	r.js.respond(r.reply, "stream_info", struct {
		page
		streamBody
	}{of, body})
	return true
}

// refuses says what is wrong with the configuration of a stream, which may exist already.
func (js *jetStream) refuses(c *streamConfig, own *stream) *apiError {
	switch {
	case c.Mirror != nil || c.Sources != nil:
		return errStreamConfig("the model has neither mirrors nor sources")
	case c.Replicas > 1 && js.server.cfg.Replicas == 1:
		return errReplicas
	case c.Replicas > js.server.cfg.Replicas:
		return errNoPeers
	case c.DiscardNewPer && (c.Discard != discardNew || c.MaxPerSubject <= 0):
		return errStreamConfig("discard new per subject requires discard new policy to be set")
	}
	for _, subject := range c.Subjects {
		if !valid(subject) {
			return errStreamConfig("invalid subject")
		}
		for _, other := range js.matching(subject) {
			if other != own {
				return errSubjectsOverlap
			}
		}
	}
	return nil
}

func (r *request) streamCreate() bool {
	var c streamConfig
	if err := r.read(&c); err != nil {
		return r.fail("stream_create", err)
	}
	if c.Name != r.names[0] {
		return r.fail("stream_create", errStreamMismatch)
	}
	c.complete()
	s := r.js.stream(c.Name)
	switch {
	case s == nil:
		if err := r.js.refuses(&c, nil); err != nil {
			return r.fail("stream_create", err)
		}
		s = r.js.newStream(&c)
	case !same(&s.cfg, &c):
		return r.fail("stream_create", errStreamName)
	}
	r.js.respond(r.reply, "stream_create", struct {
		streamBody
		Created bool `json:"did_create,omitempty"`
	}{s.body(""), true})
	return true
}

// same compares configurations without what is only noted in them.
func same(a, b *streamConfig) bool {
	x, y := *a, *b
	x.Metadata, y.Metadata = nil, nil
	return reflect.DeepEqual(x, y)
}

func (r *request) streamUpdate() bool {
	var c streamConfig
	if err := r.read(&c); err != nil {
		return r.fail("stream_update", err)
	}
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("stream_update", errStreamNotFound)
	}
	c.complete()
	if c.Storage != s.cfg.Storage || c.Name != s.cfg.Name {
		return r.fail("stream_update", errStreamConfig("a stream keeps its name and its storage type"))
	}
	if err := r.js.refuses(&c, s); err != nil {
		return r.fail("stream_update", err)
	}
	s.cfg = c
	s.limitAll()
	r.js.respond(r.reply, "stream_update", s.body(""))
	return true
}

// limitAll applies limits that have changed.
func (s *stream) limitAll() {
	subjects := make([]string, 0, len(s.store.subjects))
	for subject := range s.store.subjects {
		subjects = append(subjects, subject)
	}
	slices.Sort(subjects)
	for _, subject := range subjects {
		s.limit(subject)
	}
	s.js.server.timers.stop(&s.age)
	s.expire()
}

// success is the answer that something was done.
type success struct {
	Success bool `json:"success"`
}

func (r *request) streamDelete() bool {
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("stream_delete", errStreamNotFound)
	}
	s.delete()
	r.js.respond(r.reply, "stream_delete", success{true})
	return true
}

func (r *request) streamPurge() bool {
	var wanted struct {
		Filter string `json:"filter"`
		Seq    uint64 `json:"seq"`
		Keep   uint64 `json:"keep"`
	}
	if err := r.read(&wanted); err != nil {
		return r.fail("stream_purge", err)
	}
	s := r.js.stream(r.names[0])
	switch {
	case s == nil:
		return r.fail("stream_purge", errStreamNotFound)
	case wanted.Seq > 0 && wanted.Keep > 0:
		return r.fail("stream_purge", errBadRequest)
	case s.cfg.Sealed:
		return r.fail("stream_purge", errSealed)
	case s.cfg.DenyPurge:
		return r.fail("stream_purge", errPurge("stream purge not permitted"))
	}
	n := s.purge(wanted.Filter, wanted.Seq, wanted.Keep)
	r.js.respond(r.reply, "stream_purge", struct {
		success
		Purged uint64 `json:"purged"`
	}{success{true}, n})
	return true
}

func (r *request) stepDown() bool {
	s := r.js.stream(r.names[0])
	if s == nil {
		return r.fail("stream_leader_stepdown", errStreamNotFound)
	}
	r.js.respond(r.reply, "stream_leader_stepdown", success{true})
	s.changeLeader()
	return true
}
