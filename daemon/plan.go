package daemon

import (
	"net"
	"os"
	"strings"
	"time"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/sink"
	"momento-bridge/source"
)

// Plan is a configuration turned into what the packages take. Its methods are not to be called concurrently.
type Plan struct {
	file        *config.File // What the daemon is started with: only limits change while it runs.
	nats        source.ConnectConfig
	sink        sink.Config
	endpointBy  string          // What names the endpoint, in the configuration's words.
	pipeline    pipeline.Config // Without its routes.
	routes      []routePlan
	adminListen string
	adminHosts  []string // In lower case.
	pprof       bool
	shutdown    time.Duration
	stateDir    string        // Empty: nothing is kept.
	ticks       time.Duration // As SetTicks; 0: a second.
}

// NewPlan checks what only the packages can know, such as templates and keys, and reports every problem to the file.
func NewPlan(f *config.File) *Plan {
	c := &f.Config
	p := &Plan{
		file:        f,
		nats:        connectConfig(c.NATS),
		endpointBy:  endpointBy(&c.Momento),
		adminListen: c.Admin.Listen,
		adminHosts:  adminHosts(c.Admin),
		pprof:       c.Admin.Pprof,
		shutdown:    time.Duration(c.ShutdownTimeout),
		stateDir:    c.StateDir,
	}
	checkFiles(f)
	p.sink = sinkConfig(f)
	p.pipeline = pipeline.Config{
		Workers:     c.Momento.Connections,
		InFlight:    inFlightEach(c),
		Timeout:     time.Duration(c.Momento.Timeout),
		MaxMessages: c.Queue.MaxMessages,
		MaxBytes:    int64(c.Queue.MaxBytes),
		Limits:      limitsOf(c),
		Operations:  c.Limits.Unit == config.UnitOperations,
		Delays:      pipeline.DefaultDelays(),
	}
	p.pipeline.KeyAdvice = p.KeyAdvice()
	for i := range c.Routes {
		p.routes = append(p.routes, newRoutePlan(f, i))
	}
	return p
}

// inFlightEach is how many publishes a connection carries, as the pipeline has it.
func inFlightEach(c *config.Config) int {
	if c.Momento.InFlight == config.AutoInFlight {
		return pipeline.ByNeed
	}
	return int(c.Momento.InFlight)
}

// mostInFlight is how many publishes all connections carry together.
func mostInFlight(c *config.Config) int {
	if c.Momento.InFlight == config.AutoInFlight {
		return c.Momento.Connections * pipeline.MostByNeed
	}
	return c.Momento.Connections * int(c.Momento.InFlight)
}

// adminHosts are the names by which the listener may be asked: those configured, and the machine's own.
func adminHosts(c config.Admin) []string {
	names := strings.Split(c.Hosts, ",")
	address, _ := c.Listeners()
	if host, _, err := net.SplitHostPort(address); err == nil {
		names = append(names, host)
	}
	if own, err := os.Hostname(); err == nil {
		names = append(names, own)
	}
	for i := range names {
		names[i] = strings.ToLower(strings.TrimSpace(names[i]))
	}
	return names
}
