package daemon

import (
	"context"
	"net"
	"net/http"

	"momento-bridge/admin"
)

// adminHandler serves health and metrics.
func (d *Daemon) adminHandler() http.Handler {
	var reload func(context.Context) (admin.Reloaded, error)
	if d.cfg.Reload != nil {
		reload = d.Reload
	}
	return admin.New(admin.Config{
		Metrics:  d.metrics,
		NotReady: d.notReady,
		Remarks:  d.remarks,
		Stuck:    d.vitals.progress.stuck,
		Status:   d.Status,
		History:  &d.sampler.history,
		Pause:    d.pause,
		Reload:   reload,
		Hosts:    d.plan.adminHosts,
		Control:  controlOf(&d.plan.file.Admin, d.log),
		Open:     !loopbackAddr(d.AdminAddr()),
		Pprof:    d.plan.pprof,
	})
}

// loopbackAddr reports whether only this machine can reach a listener, as with a Unix socket.
func loopbackAddr(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}
