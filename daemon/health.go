package daemon

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// adminHandler serves health and metrics.
func (d *Daemon) adminHandler() http.Handler {
	return admin.New(admin.Config{
		Metrics:  d.metrics,
		NotReady: d.notReady,
		Stuck:    d.vitals.progress.stuck,
		Status:   d.Status,
		History:  &d.sampler.history,
		Pause:    d.pause,
		Hosts:    d.plan.adminHosts,
		Open:     !loopbackAddr(d.admin.Addr()),
		Pprof:    d.plan.pprof,
	})
}

func loopbackAddr(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// notReady returns why the daemon does not carry messages now, and what to do, each in one line without secrets:
// NATS, the sources, the key, the endpoint, the caches, permissions, dead letters.
func (d *Daemon) notReady() []string {
	if why := d.vitals.progress.stuck(); why != "" { // Asking what is stuck would take for ever.
		return []string{"the daemon is stuck and must be restarted: " + why}
	}
	var reasons []string
	if d.stopping() {
		reasons = append(reasons, "stopping")
	}
	if !d.nats.IsConnected() {
		reasons = append(reasons, "nats: not connected: "+d.natsReason())
	}
	if err := d.plan.sink.Keys.Missing(); err != nil {
		reasons = append(reasons, "key: "+err.Error())
	}
	stats := d.pipe.Stats()
	for i, src := range d.sources {
		if ok, why := src.Ready(); !ok {
			reasons = append(reasons, "route "+stats.Routes[i].Name+": "+why)
		}
	}
	reasons = append(reasons, endpointReasons(stats, d.plan.sink.Keys)...)
	for i := range reasons {
		reasons[i] = bounded(reasons[i])
	}
	return reasons
}

func endpointReasons(stats pipeline.Stats, keys *key.Ring) []string {
	var reasons []string
	if stats.KeyRefused && !stats.KeyMissing {
		reasons = append(reasons, "endpoint: the API key is refused: "+stats.Why+noNewerKey(keys)+"; "+keyAdvice(keys))
	}
	if stats.Down {
		reasons = append(reasons, "endpoint: down: "+stats.Why+checkEndpoint(&stats, "; check the endpoint and the network"))
	}
	for _, r := range stats.Routes {
		if !r.LeftAlone.IsZero() {
			reasons = append(reasons, "route "+r.Name+": "+leftAloneText(&r))
		}
		if r.CacheMissing {
			reasons = append(reasons, "route "+r.Name+": the cache does not exist; create the cache "+r.Cache+" or correct the route")
		}
		if r.RouteRefused || r.Forbidden > 0 && r.State == pipeline.Parked {
			reasons = append(reasons, "route "+r.Name+": the API key may not publish to its topics; grant the permission or correct the route")
		}
		if r.Rejecting != "" {
			reasons = append(reasons, "route "+r.Name+": the endpoint rejects whatever it publishes: "+r.Rejecting+"; "+rejectingAdvice)
		}
		if r.Unkept > 0 {
			reasons = append(reasons, "route "+r.Name+": "+unkeptText(&r))
		}
	}
	return reasons
}

// leftAloneText says until when nothing of a route is published as the endpoint wishes so, and what to do.
func leftAloneText(r *pipeline.RouteStats) string {
	return "the endpoint wishes to be left alone (Retry-After, with " + r.LeftAloneWhy + "): it is tried again at " + r.LeftAlone.UTC().Format(time.RFC3339) +
		", and at once by a reload (SIGHUP) or a resume"
}

// unkeptText says how many messages wait as no dead letter can be stored, and why.
func unkeptText(r *pipeline.RouteStats) string {
	if r.Unkept == 1 {
		return "1 message waits to be kept as a dead letter: " + r.UnkeptWhy
	}
	return fmt.Sprintf("%d messages wait to be kept as dead letters: %s", r.Unkept, r.UnkeptWhy)
}

// sentence makes one of an advice.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

// checkEndpoint is advice about an endpoint that is down; none where its answer has brought some.
func checkEndpoint(stats *pipeline.Stats, advice string) string {
	if stats.WhyAdvised {
		return ""
	}
	return advice
}

// rejectingAdvice is what to do about a route of which the endpoint rejects everything.
const rejectingAdvice = "check what stands between here and Momento, and what the route publishes"

// maxReason bounds a reason, in bytes: it may hold what a server has said.
const maxReason = 500

// bounded returns text as one line of printable characters that is not too long.
func bounded(text string) string {
	line := strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), " ")
	if len(line) > maxReason {
		line = strings.ToValidUTF8(line[:maxReason], "") + "…"
	}
	return line
}
