package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/source"
	"momento-bridge/source/lease"
)

// tryGroup tries whether replicas may hear each other.
func tryGroup(list Checks, conn *nats.Conn, p *Plan) {
	l := &p.file.Limits
	if !l.Shared {
		return
	}
	acks := source.NewAcks(conn)
	all := "mb." + l.Group + ".>"
	subject := "mb." + l.Group + "." + p.quotas() + ".n.check"
	var lacks []string
	for _, may := range []struct {
		what string
		err  error
	}{{"publish", acks.MayPublish(subject, nil)}, {"subscribe", acks.MaySubscribe(subject)}} {
		_, refused := errors.AsType[*source.RefusedError](may.err)
		switch {
		case refused:
			lacks = append(lacks, may.what)
		case may.err != nil:
			list.Warn("group: it cannot be tried whether replicas hear each other: " + may.err.Error())
			return
		}
	}
	if len(lacks) == 0 {
		list.Pass("group: replicas may hear each other on " + all)
		return
	}
	list.Warn("group: the NATS user may not " + strings.Join(lacks, " and ") + " to " + all + ": one replica needs " +
		"none of it; several do not see each other, and each takes the whole quota for its own")
	for _, what := range lacks {
		list.Note("grant", what+": "+quotedList([]string{all}))
	}
}

// quotedList is how nats-server's configuration has several subjects.
func quotedList(subjects []string) string {
	quoted := make([]string, len(subjects))
	for i, s := range subjects {
		quoted[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// tryLeases looks at the bucket of the leases, where a route needs one.
func tryLeases(ctx context.Context, list Checks, conn *nats.Conn, p *Plan, log *slog.Logger) {
	var whole, parted []string
	for i := range p.routes {
		r := &p.routes[i]
		switch {
		case r.jetStream == nil || !r.jetStream.Ordered:
		case r.partitions != nil:
			parted = append(parted, fmt.Sprintf("%s by %d", r.route.Name, r.partitions.Count))
		default:
			whole = append(whole, r.route.Name)
		}
	}
	if len(whole)+len(parted) == 0 {
		return
	}
	c := p.file.Coordination
	leases := lease.New(conn, source.NewAcks(conn), lease.Config{
		Bucket: c.Bucket, Create: c.Create, Lease: time.Duration(c.Lease), Group: p.file.Limits.Group,
	}, log)
	found, err := leases.Look(ctx)
	for _, text := range found.Doubts {
		list.Warn("leases: the bucket " + c.Bucket + " " + text)
	}
	switch {
	case err == nil && len(found.Lacks) > 0:
		list.Warn("leases: the NATS user may not publish to " + strings.Join(found.Lacks, ", ") +
			": one replica needs no leases; several need all of it")
		list.Note("grant", "publish: "+quotedList(found.Lacks))
		if !c.Create {
			list.Note("make it", lease.AddCommand(c.Bucket)+", unless it is there")
		}
	case err == nil && !found.Missing:
		list.Pass(fmt.Sprintf("leases: bucket %s, on %d of the servers; a key was written, watched and removed",
			c.Bucket, found.Servers))
	case err == nil && c.Create:
		list.Pass("leases: bucket " + c.Bucket + " does not exist yet: run creates it")
	case err == nil:
		list.Pass("leases: there is no bucket " + c.Bucket + ": one replica needs none; of several only the oldest " +
			"would carry ordered routes")
		list.Note("make it", lease.AddCommand(c.Bucket))
	default:
		list.Warn("leases: the bucket " + c.Bucket + " cannot be used: " + err.Error() + "; one replica needs none")
	}
	if len(whole) > 0 {
		list.Note("replicas", "one at a time carries "+strings.Join(whole, ", ")+
			": more of them take over, and do not make it faster")
	}
	if len(parted) > 0 {
		list.Note("partitions", "more replicas than partitions do not make a route faster: "+strings.Join(parted, ", "))
	}
}
