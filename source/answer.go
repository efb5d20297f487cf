package source

import (
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
)

// Answer answers whoever asks on a subject and takes the answer below it, until stop is called. Only one question is
// answered at a time. Where the NATS user may not listen to the subject, nobody is answered, and nothing is logged.
func (a *Acks) Answer(subject string, answer func() []byte) (stop func(), err error) {
	a.refusals.quietly(subject)
	sub, err := a.conn.Subscribe(subject, func(m *nats.Msg) {
		if strings.HasPrefix(m.Reply, subject+".") {
			_ = a.conn.Publish(m.Reply, answer())
		}
	})
	if err != nil {
		return nil, fmt.Errorf("listen to %s: %w", subject, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}
