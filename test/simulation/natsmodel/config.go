package natsmodel

import (
	"encoding/json"
	"slices"
	"time"
)

// streamConfig is a stream's configuration, as the API has it.
type streamConfig struct {
	Name           string            `json:"name"`
	Description    string            `json:"description,omitempty"`
	Subjects       []string          `json:"subjects,omitempty"`
	Retention      string            `json:"retention"`
	MaxConsumers   int               `json:"max_consumers"`
	MaxMsgs        int64             `json:"max_msgs"`
	MaxBytes       int64             `json:"max_bytes"`
	MaxAge         time.Duration     `json:"max_age"`
	MaxPerSubject  int64             `json:"max_msgs_per_subject"`
	MaxMsgSize     int32             `json:"max_msg_size,omitempty"`
	Discard        string            `json:"discard"`
	Storage        string            `json:"storage"`
	Replicas       int               `json:"num_replicas"`
	NoAck          bool              `json:"no_ack,omitempty"`
	Duplicates     time.Duration     `json:"duplicate_window,omitempty"`
	Mirror         json.RawMessage   `json:"mirror,omitempty"`
	Sources        json.RawMessage   `json:"sources,omitempty"`
	Compression    string            `json:"compression"`
	FirstSeq       uint64            `json:"first_seq,omitempty"`
	AllowDirect    bool              `json:"allow_direct"`
	MirrorDirect   bool              `json:"mirror_direct"`
	DiscardNewPer  bool              `json:"discard_new_per_subject,omitempty"`
	Sealed         bool              `json:"sealed"`
	DenyDelete     bool              `json:"deny_delete"`
	DenyPurge      bool              `json:"deny_purge"`
	AllowRollup    bool              `json:"allow_rollup_hdrs"`
	ConsumerLimits consumerLimits    `json:"consumer_limits"`
	AllowMsgTTL    bool              `json:"allow_msg_ttl"`
	MarkerTTL      time.Duration     `json:"subject_delete_marker_ttl,omitempty"`
	PersistMode    string            `json:"persist_mode,omitempty"`
	Metadata       map[string]string `json:"metadata,omitempty"`
}

type consumerLimits struct {
	InactiveThreshold time.Duration `json:"inactive_threshold,omitempty"`
	MaxAckPending     int           `json:"max_ack_pending,omitempty"`
}

// Retentions, discards and the like, as the API has them.
const (
	limitsRetention    = "limits"
	interestRetention  = "interest"
	workQueueRetention = "workqueue"
	discardOld         = "old"
	discardNew         = "new"
	fileStorage        = "file"
	memoryStorage      = "memory"
	ackNone            = "none"
	ackAll             = "all"
	ackExplicit        = "explicit"
	deliverAll         = "all"
	deliverLast        = "last"
	deliverNew         = "new"
	deliverSequence    = "by_start_sequence"
	deliverTime        = "by_start_time"
	deliverPerSubject  = "last_per_subject"
)

const usualDuplicates = 2 * time.Minute

// complete fills in what a new stream's configuration leaves out.
func (c *streamConfig) complete() {
	for _, limit := range []*int64{&c.MaxMsgs, &c.MaxBytes, &c.MaxPerSubject} {
		if *limit == 0 {
			*limit = -1
		}
	}
	if c.MaxMsgSize == 0 {
		c.MaxMsgSize = -1
	}
	if c.MaxConsumers == 0 {
		c.MaxConsumers = -1
	}
	c.Retention = or(c.Retention, limitsRetention)
	c.Discard = or(c.Discard, discardOld)
	c.Storage = or(c.Storage, fileStorage)
	c.Compression = or(c.Compression, "none")
	c.Replicas = max(c.Replicas, 1)
	if len(c.Subjects) == 0 && c.Mirror == nil && c.Sources == nil {
		c.Subjects = []string{c.Name}
	}
	if c.Duplicates == 0 {
		c.Duplicates = usualDuplicates
		if c.MaxAge > 0 {
			c.Duplicates = min(c.Duplicates, c.MaxAge)
		}
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// consumerConfig is a consumer's configuration, as the API has it.
type consumerConfig struct {
	Durable           string            `json:"durable_name,omitempty"`
	Name              string            `json:"name,omitempty"`
	Description       string            `json:"description,omitempty"`
	Deliver           string            `json:"deliver_policy"`
	StartSeq          uint64            `json:"opt_start_seq,omitempty"`
	StartTime         *time.Time        `json:"opt_start_time,omitempty"`
	Ack               string            `json:"ack_policy"`
	AckWait           time.Duration     `json:"ack_wait,omitempty"`
	MaxDeliver        int               `json:"max_deliver,omitempty"`
	BackOff           []time.Duration   `json:"backoff,omitempty"`
	Filter            string            `json:"filter_subject,omitempty"`
	Filters           []string          `json:"filter_subjects,omitempty"`
	Replay            string            `json:"replay_policy"`
	RateLimit         uint64            `json:"rate_limit_bps,omitempty"`
	SampleFrequency   string            `json:"sample_freq,omitempty"`
	MaxWaiting        int               `json:"max_waiting,omitempty"`
	MaxAckPending     int               `json:"max_ack_pending,omitempty"`
	FlowControl       bool              `json:"flow_control,omitempty"`
	HeadersOnly       bool              `json:"headers_only,omitempty"`
	MaxBatch          int               `json:"max_batch,omitempty"`
	MaxExpires        time.Duration     `json:"max_expires,omitempty"`
	MaxBytes          int               `json:"max_bytes,omitempty"`
	DeliverSubject    string            `json:"deliver_subject,omitempty"`
	DeliverGroup      string            `json:"deliver_group,omitempty"`
	Heartbeat         time.Duration     `json:"idle_heartbeat,omitempty"`
	InactiveThreshold time.Duration     `json:"inactive_threshold,omitempty"`
	Replicas          int               `json:"num_replicas"`
	MemoryStorage     bool              `json:"mem_storage,omitempty"`
	Direct            bool              `json:"direct,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	PauseUntil        *time.Time        `json:"pause_until,omitempty"`
	PriorityGroups    []string          `json:"priority_groups,omitempty"`
	PriorityPolicy    string            `json:"priority_policy,omitempty"`
	PinnedTTL         time.Duration     `json:"priority_timeout,omitempty"`
}

// The real server's defaults.
const (
	usualAckWait    = 30 * time.Second
	usualAckPending = 1000
	usualWaiting    = 512
	usualInactive   = 5 * time.Second
)

// complete fills in what a consumer's configuration leaves out.
func (c *consumerConfig) complete(stream *streamConfig) {
	c.Deliver = or(c.Deliver, deliverAll)
	c.Ack = or(c.Ack, ackNone)
	c.Replay = or(c.Replay, "instant")
	if c.MaxDeliver <= 0 {
		c.MaxDeliver = -1
	}
	if c.DeliverSubject == "" && c.MaxWaiting <= 0 {
		c.MaxWaiting = usualWaiting
	}
	if c.AckWait == 0 && c.Ack != ackNone {
		c.AckWait = usualAckWait
	}
	if len(c.BackOff) > 0 {
		c.AckWait = c.BackOff[0]
	}
	if c.MaxAckPending == 0 {
		c.MaxAckPending = stream.ConsumerLimits.MaxAckPending
	}
	if c.InactiveThreshold == 0 {
		c.InactiveThreshold = stream.ConsumerLimits.InactiveThreshold
	}
	if c.MaxAckPending == 0 && c.Ack != ackNone {
		c.MaxAckPending = usualAckPending
	}
	if c.Durable == "" && c.InactiveThreshold <= 0 {
		c.InactiveThreshold = usualInactive
	}
}

// filters are what a consumer takes; none: everything.
func (c *consumerConfig) filters() []string {
	if c.Filter != "" {
		return append(slices.Clip(c.Filters), c.Filter)
	}
	return c.Filters
}
