package daemon

import (
	"net"
	"net/http"

	"momento-bridge/admin"
)

// adminHandler serves health and metrics.
func (d *Daemon) adminHandler() http.Handler {
	return admin.New(admin.Config{
		Metrics:  d.metrics,
		NotReady: d.notReady,
		Remarks:  d.remarks,
		Stuck:    d.vitals.progress.stuck,
		Status:   d.Status,
		History:  &d.sampler.history,
		Pause:    d.pause,
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
