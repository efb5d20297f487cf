package daemon

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// What check and run say of a configuration.

func batchNote(r *config.Route) string {
	b := &r.Batch
	if b.Format == config.FormatNone {
		return "none"
	}
	text := fmt.Sprintf("%s, up to %d bytes", b.Format, b.MaxBytes)
	if b.MaxMessages > 0 {
		text += fmt.Sprintf(" or %d messages", b.MaxMessages)
	}
	if b.Linger > 0 {
		text += fmt.Sprintf(", lingering %v", b.Linger)
	}
	if b.Format != config.Packed {
		return text
	}
	if len(r.Carry) > 0 {
		text += ", carrying " + strings.Join(r.Carry, ", ")
	}
	if r.Stream == "" || r.Ordering != config.OrderingTopic {
		return text + ", by which subscribers cannot tell repeats: that takes a stream and ordering: topic"
	}
	return text + ", by which subscribers tell repeats and gaps"
}

func ageNote(d config.Duration) string {
	if d == 0 {
		return "messages never expire"
	}
	return fmt.Sprintf("messages expire after %v", d)
}

// warnings are what is allowed and probably not meant.
func warnings(f *config.File, p *Plan, now time.Time) []string {
	return slices.Concat(f.Outdated(), p.SinkWarnings(now), weaknessesOf(p), quotaWarnings(&f.Config),
		canaryWarnings(&f.Config), emptyWarnings(f))
}

// SinkWarnings returns what is probably not meant about the endpoint and the key, such as a key that expires soon;
// none: nothing is. Each says what to do.
func (p *Plan) SinkWarnings(now time.Time) []string {
	var texts []string
	if text := endpointWarning(p); text != "" {
		texts = append(texts, "the endpoint is "+text)
	}
	if text := forwardingWarning(p); text != "" {
		texts = append(texts, text)
	}
	if text := keyWarning(p, now); text != "" {
		texts = append(texts, "the API key "+text)
	}
	return texts
}

// connectionsNote says how many publishes may be in flight.
func connectionsNote(p *Plan) string {
	text := terminal.Plural(p.pipeline.Workers, "connection")
	switch {
	case p.pipeline.InFlight == pipeline.ByNeed:
		text += fmt.Sprintf(" with as many publishes in flight on each as are needed, up to %d", pipeline.MostByNeed)
	case p.pipeline.InFlight > 1:
		text += fmt.Sprintf(" with up to %d publishes in flight on each", p.pipeline.InFlight)
	}
	return text
}

// adminNote is where the status page will be.
func adminNote(a *config.Admin) string {
	address, socket := a.Listeners()
	var parts []string
	if address != "" {
		text := address + " (the log says which port it is)"
		if u, err := admin.URL(address); err == nil {
			if a.WebConfigFile != "" { // The file says whether that is TLS, and may say something else later.
				u.Scheme = "http(s)"
			}
			text = u.JoinPath("/").String() + " (status page, /readyz, /metrics)"
		}
		parts = append(parts, text)
	}
	if socket != "" {
		parts = append(parts, "the Unix socket "+socket)
	}
	return strings.Join(parts, " and ") + "; control: " + controlNote(a)
}

// controlNote says who may control the daemon.
func controlNote(a *config.Admin) string {
	switch {
	case a.TokenFile() != "":
		return "with the token in " + a.TokenFile()
	case a.Control == config.ControlCertificates:
		return "with a client certificate"
	case a.Control == config.ControlNone:
		return "nobody"
	}
	return "this machine"
}
