package bus

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/group"
	"momento-bridge/pipeline/quota"
)

// heard is a message of the group. Neither is set: the server says that nobody answers newcomers.
type heard struct {
	report *group.Report
	level  *group.Level
}

// nobodyThere is the server's status for a question that nobody has subscribed to.
const nobodyThere = "503"

// ask subscribes to the group's messages, tells of this member, and asks who else is there. The server answers at once
// if nobody is.
func (b *Bus) ask() {
	b.asked = true
	own := []byte(`{"id":"` + b.cfg.Member.ID + `"`)
	b.subscribe("r", func(m *nats.Msg) {
		if r, err := group.DecodeReport(m.Data); err == nil && !bytes.HasPrefix(m.Data, own) {
			b.take(heard{report: r})
		}
	})
	b.subscribe("l", func(m *nats.Msg) {
		if l, err := group.DecodeLevel(m.Data); err == nil && !bytes.HasPrefix(m.Data, own) {
			b.take(heard{level: l})
		}
	})
	b.subscribe("n."+b.cfg.Member.ID, func(m *nats.Msg) {
		if m.Header.Get("Status") == nobodyThere {
			b.take(heard{})
		}
	})
	b.use(func(now time.Time, all []quota.Shared) { b.node.Join(now, all) })
	if err := b.conn.PublishRequest(b.subject("h"), b.subject("n."+b.cfg.Member.ID), nil); err != nil {
		b.log.Debug("it was not asked who else is in the group", "error", err)
	}
}

// answerNewcomers makes newcomers wait for this member's report, once it has joined.
func (b *Bus) answerNewcomers() {
	if !b.open && b.asked && b.node.Joined() && !b.missing() {
		b.open = true
		b.subscribe("h", func(*nats.Msg) {}) // Its report says it all.
	}
}

func (b *Bus) subscribe(to string, f nats.MsgHandler) {
	if _, err := b.conn.Subscribe(b.subject(to), f); err != nil {
		b.log.Debug("the group is not heard", "error", err)
	}
}

// take passes on a message, or loses it where too many wait.
func (b *Bus) take(h heard) {
	select {
	case b.heard <- h:
	default:
	}
}

// refused takes note of an error of the connection. It reports whether that is that the user may not take part.
func (b *Bus) refused(err error) bool {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return false
	}
	_, subject, ok := strings.Cut(err.Error(), ` to "`)
	if !ok {
		return false
	}
	subject, _, _ = strings.Cut(subject, `"`)
	mine := strings.HasPrefix(subject, b.subject("n."))
	for _, of := range [...]string{"r", "l", "h"} {
		mine = mine || subject == b.subject(of)
	}
	if mine {
		b.deny()
	}
	return mine
}

// deny notes that this member is alone, and tells of it once.
func (b *Bus) deny() {
	b.mu.Lock()
	b.denied = fmt.Sprintf("publish and subscribe to mb.%s.>", b.cfg.Group)
	tell := b.told != b.denied
	b.told = b.denied
	b.mu.Unlock()
	if tell {
		b.log.Warn("replicas do not see each other: each takes the whole quota for its own, and learns from refusals "+
			"what the others leave", "group", b.cfg.Group, "missing", "the NATS user may not "+b.denied,
			"advice", "grant it (docs/permissions.md), or set limits.shared: false if there is only one replica")
	}
	b.Notice()
}

// permit forgets what was refused on an earlier connection.
func (b *Bus) permit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.denied = ""
}

func (b *Bus) missing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.denied != ""
}
