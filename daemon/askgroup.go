package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/source"
)

const (
	// answerTime is how long the members of a group have to answer.
	answerTime = time.Second
	// answersEnd is how long nothing may come, once all members that are known have answered, before nobody else is
	// waited for.
	answersEnd = 250 * time.Millisecond
)

// Asking asks all members of a group over NATS what they are doing. It is not to be used concurrently.
type Asking struct {
	nats  source.ConnectConfig
	group string
	conn  *nats.Conn
}

// NewAsking returns how to ask the group of a configuration, of which only nats and limits.group count.
func NewAsking(f *config.File) *Asking {
	return &Asking{nats: connectConfig(f.NATS), group: f.Limits.Group}
}

// Where says where it asks, without credentials.
func (a *Asking) Where() string { return "group " + a.group + " on NATS " + redactURL(a.nats.URL) }

// Close ends the connection.
func (a *Asking) Close() {
	if a.conn != nil {
		a.conn.Close()
	}
}

// Ask asks once. An error says what to do; that nobody has answered is one.
func (a *Asking) Ask(ctx context.Context) (*admin.GroupAnswers, error) {
	if a.conn == nil {
		conn, err := tryNATS(ctx, a.nats, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, fmt.Errorf("connect to NATS %s: %w", redactURL(a.nats.URL), advised(err, natsAdvice(err)))
		}
		a.conn = conn
	}
	subject := groupSubject(a.group)
	reply := subject + "." + nats.NewInbox()[len(nats.InboxPrefix):]
	sub, err := a.conn.SubscribeSync(reply)
	if err != nil {
		return nil, fmt.Errorf("ask the %s: %w", a.Where(), err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := a.conn.PublishRequest(subject, reply, nil); err != nil {
		return nil, fmt.Errorf("ask the %s: %w", a.Where(), err)
	}
	all := collectAnswers(ctx, sub)
	if len(all.Answers) > 0 {
		all.Judge()
		return all, nil
	}
	if err := a.conn.LastError(); errors.Is(err, nats.ErrPermissionViolation) {
		return nil, fmt.Errorf("the NATS user may not ask the %s: %w\nallow it to publish and to subscribe to mb.%s.>",
			a.Where(), err, a.group)
	}
	return nil, fmt.Errorf("no member of the %s has answered within %v\nis a daemon connected there, of this version "+
		"and with this limits.group, and may its NATS user publish and subscribe to mb.%s.>?",
		a.Where(), answerTime, a.group)
}

// collectAnswers waits until all members that anybody knows of have answered, or the time is over.
func collectAnswers(ctx context.Context, sub *nats.Subscription) *admin.GroupAnswers {
	all := &admin.GroupAnswers{Answers: []admin.Answer{}, Silent: []admin.Member{}}
	end := time.Now().Add(answerTime)
	for ctx.Err() == nil {
		wait := time.Until(end)
		if len(all.Answers) > 0 && len(all.Silent) == 0 {
			wait = min(wait, answersEnd)
		}
		once, cancel := context.WithTimeout(ctx, wait)
		m, err := sub.NextMsgWithContext(once)
		cancel()
		if err != nil {
			break
		}
		var one admin.Answer
		if json.Unmarshal(m.Data, &one) == nil && one.ID != "" {
			all.Add(&one)
		}
	}
	return all
}
