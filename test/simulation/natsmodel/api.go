package natsmodel

import (
	"bytes"
	"encoding/json"
	"strings"
)

// request is one to the API.
type request struct {
	js    *jetStream
	reply string
	body  []byte
	names []string // What the subject names, after the operation.
}

// operations are what the API can be asked for, longer ones before those that begin alike, and how many names follow;
// -1: any number.
var operations = []struct {
	subject string
	names   int
	do      func(*request) bool
}{
	{"INFO", 0, (*request).accountInfo},
	{"STREAM.NAMES", 0, (*request).streamNames},
	{"STREAM.LIST", 0, (*request).streamList},
	{"STREAM.INFO", 1, (*request).streamInfo},
	{"STREAM.CREATE", 1, (*request).streamCreate},
	{"STREAM.UPDATE", 1, (*request).streamUpdate},
	{"STREAM.DELETE", 1, (*request).streamDelete},
	{"STREAM.PURGE", 1, (*request).streamPurge},
	{"STREAM.MSG.GET", 1, (*request).messageGet},
	{"STREAM.MSG.DELETE", 1, (*request).messageDelete},
	{"STREAM.LEADER.STEPDOWN", 1, (*request).stepDown},
	{"CONSUMER.MSG.NEXT", 2, (*request).consumerNext},
	{"CONSUMER.INFO", 2, (*request).consumerInfo},
	{"CONSUMER.NAMES", 1, (*request).consumerNames},
	{"CONSUMER.LIST", 1, (*request).consumerList},
	{"CONSUMER.CREATE", -1, (*request).consumerCreate},
	{"CONSUMER.DURABLE.CREATE", 2, (*request).consumerCreate},
	{"CONSUMER.DELETE", 2, (*request).consumerDelete},
	{"DIRECT.GET", -1, (*request).directGet},
}

// asked answers a request, and reports whether there is anybody to answer it.
func (js *jetStream) asked(_ *conn, m *message) bool {
	rest := m.subject[len(apiPrefix):]
	for i := range operations {
		op := &operations[i]
		after, ok := strings.CutPrefix(rest, op.subject)
		if !ok || after != "" && after[0] != '.' {
			continue
		}
		r := request{js: js, reply: m.reply, body: m.data}
		if after != "" {
			r.names = strings.Split(after[1:], ".")
		}
		if op.names >= 0 && len(r.names) != op.names || op.names < 0 && len(r.names) == 0 {
			continue
		}
		return op.do(&r)
	}
	return true // What it does not know it takes, and does not answer.
}

// failure is the part of an answer that says what was wrong.
type failure struct {
	Error *apiError `json:"error,omitempty"`
}

// respond sends an answer of a kind.
func (js *jetStream) respond(reply, kind string, body any) {
	if reply == "" {
		return
	}
	text, _ := json.Marshal(body) // It has no values that cannot be written.
	out := make([]byte, 0, len(text)+64)
	out = append(out, `{"type":"io.nats.jetstream.api.v1.`...)
	out = append(append(out, kind...), `_response"`...)
	if !bytes.Equal(text, []byte("{}")) {
		out = append(append(out, ','), text[1:]...)
	} else {
		out = append(out, '}')
	}
	js.answer(reply, nil, out)
}

// fail answers that something is wrong.
func (r *request) fail(kind string, err *apiError) bool {
	r.js.respond(r.reply, kind, failure{err})
	return true
}

// read reads the body of a request, which may be missing.
func (r *request) read(into any) *apiError {
	body := bytes.TrimSpace(r.body)
	if len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return errJSON(err)
	}
	return nil
}

// page is the part of lists that says which part of the whole they are.
type page struct {
	Total  int `json:"total"`
	Offset int `json:"offset"`
	Limit  int `json:"limit"`
}

// cut returns the part of a list from an offset on, of limited length.
func cut[T any](all []T, offset, limit int) ([]T, page) {
	offset = min(max(offset, 0), len(all))
	part := all[offset:min(len(all), offset+limit)]
	return part, page{Total: len(all), Offset: offset, Limit: limit}
}

const (
	namesLimit    = 1024
	listLimit     = 256
	subjectsLimit = 100_000
)

func (r *request) accountInfo() bool {
	consumers := 0
	for _, s := range r.js.streams {
		consumers += len(s.consumers)
	}
	type limits struct {
		MaxMemory        int  `json:"max_memory"`
		MaxStorage       int  `json:"max_storage"`
		MaxStreams       int  `json:"max_streams"`
		MaxConsumers     int  `json:"max_consumers"`
		MaxAckPending    int  `json:"max_ack_pending"`
		MemoryStreamMax  int  `json:"memory_max_stream_bytes"`
		StorageStreamMax int  `json:"storage_max_stream_bytes"`
		MaxBytesRequired bool `json:"max_bytes_required"`
	}
	type calls struct {
		Level  int `json:"level"`
		Total  int `json:"total"`
		Errors int `json:"errors"`
	}
	r.js.respond(r.reply, "account_info", struct {
		Memory    int    `json:"memory"`
		Storage   int    `json:"storage"`
		Streams   int    `json:"streams"`
		Consumers int    `json:"consumers"`
		Limits    limits `json:"limits"`
		API       calls  `json:"api"`
	}{
		Streams: len(r.js.streams), Consumers: consumers,
		Limits: limits{-1, -1, -1, -1, -1, -1, -1, false}, API: calls{Level: apiLevel},
	})
	return true
}
