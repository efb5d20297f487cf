package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/source"
	"momento-bridge/source/lease"
)

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
	_, refused := errors.AsType[*source.RefusedError](err)
	switch {
	case err == nil && !found.Missing:
		list.Pass(fmt.Sprintf("leases: bucket %s, on %d of the servers", c.Bucket, found.Servers))
	case err == nil && c.Create:
		list.Pass("leases: bucket " + c.Bucket + " does not exist yet: run creates it")
	case err == nil:
		list.Pass("leases: there is no bucket " + c.Bucket + ": one replica needs none; of several only the oldest " +
			"would carry ordered routes")
		list.Note("make it", lease.AddCommand(c.Bucket))
	case refused:
		list.Pass("leases: " + err.Error() + "; one replica needs no leases")
		list.Note("make it", lease.AddCommand(c.Bucket)+", unless it is there")
	default:
		list.Warn("leases: the bucket " + c.Bucket + " cannot be looked at: " + err.Error() +
			"; one replica needs none")
	}
	if len(whole) > 0 {
		list.Note("replicas", "one at a time carries "+strings.Join(whole, ", ")+
			": more of them take over, and do not make it faster")
	}
	if len(parted) > 0 {
		list.Note("partitions", "more replicas than partitions do not make a route faster: "+strings.Join(parted, ", "))
	}
}
