package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
)

// groupSubject is where the members of a group are asked what they are doing.
func groupSubject(group string) string { return "mb." + group + ".s" }

// answer tells those who ask all members of the group what this one is doing, until ctx is done.
func (d *Daemon) answer(ctx context.Context) {
	stop, err := d.acks.Answer(groupSubject(d.plan.file.Limits.Group), d.told)
	if err != nil {
		d.log.Warn("`momento-bridge status --group` will not show this daemon", "error", err)
		return
	}
	<-ctx.Done()
	stop()
}

// told is this replica's answer, as JSON. What would be too long for one message goes without routes and leases.
func (d *Daemon) told() []byte {
	host, _ := os.Hostname()
	s := d.Status()
	a := s.Answer(cmp.Or(host, "unknown"))
	text, err := json.Marshal(&a)
	if most := d.nats.MaxPayload(); err == nil && most > 0 && int64(len(text)) > most {
		a.Routes, a.Group.Leases = nil, nil
		text, err = json.Marshal(&a)
	}
	if err != nil {
		return nil
	}
	return text
}
