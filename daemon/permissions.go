package daemon

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"momento-bridge/source"
)

// permissions is the least that the NATS user needs for a plan.
type permissions struct{ publish, subscribe []string }

// permissions returns what the daemon's NATS user must be allowed. docs/permissions.md says what is for what.
func (p *Plan) permissions() permissions {
	var need permissions
	api := p.nats.API.Subject
	inbox := nats.InboxPrefix
	if p.nats.InboxPrefix != "" {
		inbox = strings.TrimSuffix(p.nats.InboxPrefix, ".") + "."
	}
	need.listen(inbox + ">")
	ordered := false
	for i := range p.routes {
		r := &p.routes[i]
		if r.core != nil {
			need.core(p.file.Routes[i].Filters(), r.core.Queue)
		}
		if js := r.jetStream; js != nil {
			need.streams(p.nats.API, r)
			ordered = ordered || js.Ordered
		}
		if r.deadLetter != "" {
			need.send(r.deadLetter, api("STREAM.NAMES"))
		}
	}
	if ordered {
		need.leases(p)
	}
	group := "mb." + p.file.Limits.Group + ".>"
	need.send(group)
	need.listen(group)
	return need
}

// streams is what consuming from a route's stream takes, or from that of its partitions.
func (n *permissions) streams(api source.API, r *routePlan) {
	create := r.jetStream.Create
	for _, js := range r.streams() {
		what := js.Stream + "." + js.Consumer
		n.send(api.Subject("CONSUMER.INFO."+what), api.Subject("CONSUMER.MSG.NEXT."+what), "$JS.ACK."+what+".>")
		if js.Marked {
			n.send(api.Subject("STREAM.INFO." + js.Stream))
		}
		switch {
		case !create:
		case len(js.Filters()) == 1:
			n.send(api.Subject("CONSUMER.CREATE." + what + ".>"))
		default:
			n.send(api.Subject("CONSUMER.CREATE." + what))
		}
	}
	if parts := r.partitions; parts != nil {
		n.send(api.Subject("STREAM.INFO."+parts.Stream), api.Subject("STREAM.INFO."+parts.Source))
		if create {
			n.send(api.Subject("STREAM.CREATE." + parts.Stream))
		}
	}
}

// leases is what keeping leases of ordered routes takes.
func (n *permissions) leases(p *Plan) {
	api, bucket := p.nats.API.Subject, p.file.Coordination.Bucket
	values := "$KV." + bucket + ".>"
	if p.nats.API.Domain != "" || p.nats.API.Prefix != "" {
		values = api(values)
	}
	n.send(values, api("STREAM.INFO.KV_"+bucket), api("CONSUMER.CREATE.KV_"+bucket+".>"),
		api("CONSUMER.DELETE.KV_"+bucket+".>"))
	if p.file.Coordination.Create {
		n.send(api("INFO"), api("STREAM.CREATE.KV_"+bucket))
	}
}

// core is what consuming from core NATS takes.
func (n *permissions) core(subjects []string, queue string) {
	for _, s := range subjects {
		if queue != "" {
			s += " " + queue
		}
		n.listen(s)
	}
}

func (n *permissions) send(subjects ...string) { n.publish = with(n.publish, subjects) }

func (n *permissions) listen(subjects ...string) { n.subscribe = with(n.subscribe, subjects) }

// with adds what is not there yet.
func with(all, more []string) []string {
	for _, s := range more {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// lines are the permissions as nats-server's configuration has them.
func (n *permissions) lines() []string {
	lines := []string{"permissions: {"}
	for _, part := range []struct {
		name     string
		subjects []string
	}{{"publish", n.publish}, {"subscribe", n.subscribe}} {
		lines = append(lines, "  "+part.name+": [")
		for _, s := range part.subjects {
			lines = append(lines, "    "+strconv.Quote(s))
		}
		lines = append(lines, "  ]")
	}
	return append(lines, "}")
}

// tellPermissions prints what the NATS user needs, to be pasted.
func tellPermissions(list Checks, p *Plan) {
	need := p.permissions()
	list.Pass(fmt.Sprintf("the NATS user needs these permissions, as nats-server's authorization has them "+
		"(%d to publish, %d to subscribe; docs/permissions.md says what for)", len(need.publish), len(need.subscribe)))
	for _, line := range need.lines() {
		list.Note("", line)
	}
}
