package main

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/sink"
)

func newCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration and print the settings derived from it",
		Long: "Reads the configuration as run does, prints every problem with its place, and otherwise what run would do and which settings\n" +
			"it derives. With --online it also tries NATS and the endpoint, without publishing. Exit status 2 when there are problems.",
		Example: "  momento-bridge check -c config.yaml\n  momento-bridge check -c config.yaml --online",
	}
	s := addSettings(cmd)
	online := cmd.Flags().Bool("online", false, "also try NATS, the consumers and the endpoint, without publishing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, p, err := s.load(cmd)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if err := printPlan(out, f, p); err != nil {
			return err
		}
		if *online {
			return checkOnline(cmd.Context(), out, p)
		}
		return nil
	}
	return cmd
}

// printPlan prints what run would do.
func printPlan(w io.Writer, f *config.File, p *plan) error {
	fmt.Fprintf(w, "✓ configuration: %d route(s)\n", len(p.routes))
	fmt.Fprintf(w, "  nats       %s\n", redactURL(p.nats.URL))
	fmt.Fprintf(w, "  endpoint   %s\n", endpointNote(p.sink))
	fmt.Fprintf(w, "  key        %s\n", keyNote(p.sink.Keys))
	for _, text := range warnings(f, p, time.Now()) {
		fmt.Fprintf(w, "! %s\n", text)
	}
	fmt.Fprintf(w, "  publishes  %d connections, %v an attempt, rate %s, counted in %s\n", p.pipeline.Workers, p.pipeline.Timeout, f.Limits.Rate, f.Limits.Unit)
	fmt.Fprintf(w, "  queue      %d messages, %d bytes, shared equally by the routes\n", p.pipeline.MaxMessages, p.pipeline.MaxBytes)
	for i, r := range p.routes {
		c := f.Routes[i]
		fmt.Fprintf(w, "\n✓ route %s: %s → %s/%s\n", c.Name, consumed(c), c.Cache, c.Topic)
		fmt.Fprintf(w, "  order      %s, delivery %s, payloads up to %d bytes as %s\n", c.Ordering, c.Delivery, r.route.MaxPayload, c.ContentType)
		fmt.Fprintf(w, "  batches    %s; overload %s, %s\n", batchNote(c.Batch), c.Overload, ageNote(c.MaxAge))
		label := "ceiling"
		for _, line := range ceilingOf(&f.Config, i).lines(&f.Config, i) {
			fmt.Fprintf(w, "  %-10s %s\n", label, line)
			label = ""
		}
		if r.jetStream == nil {
			fmt.Fprintf(w, "  buffer     the NATS client drops, and counts, what exceeds %d messages or %d bytes\n", r.core.PendingMessages, r.core.PendingBytes)
			continue
		}
		if err := printConsumer(w, r); err != nil {
			return err
		}
	}
	return nil
}

func batchNote(b config.Batch) string {
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
	return text
}

func ageNote(d config.Duration) string {
	if d == 0 {
		return "messages never expire"
	}
	return fmt.Sprintf("messages expire after %v", d)
}

// warnings are what is allowed and probably not meant.
func warnings(f *config.File, p *plan, now time.Time) []string {
	return append(sinkWarnings(p, now), quotaWarnings(&f.Config)...)
}

// sinkWarnings are those about the endpoint and the key.
func sinkWarnings(p *plan, now time.Time) []string {
	var texts []string
	if e := p.sink.Endpoint; !e.TLS && !loopback(e.Host) {
		texts = append(texts, "the endpoint is plain HTTP on another machine: the API key travels in the clear; use https://")
	}
	if k := p.sink.Keys.Key(); k != nil && !p.sink.Keys.Vended() && !k.Expires.IsZero() && k.Expires.Before(now.Add(time.Hour)) {
		texts = append(texts, "the API key expires or has expired on "+k.Expires.UTC().Format(time.RFC3339)+": put a new one into the key file")
	}
	return texts
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func printConsumer(w io.Writer, r routePlan) error {
	desired, settings, err := r.jetStream.Desired()
	if err != nil {
		return err
	}
	created := "must exist"
	if r.jetStream.Create {
		created = "created when missing"
	}
	fmt.Fprintf(w, "  consumer   %s, %s: ack explicit, ack_wait %v, max_deliver %d, max_ack_pending %d\n",
		desired.Durable, created, desired.AckWait, desired.MaxDeliver, desired.MaxAckPending)
	fmt.Fprintf(w, "  holds      up to %d delivered and not settled\n", settings.Held)
	rate := "no limit"
	if c := r.jetStream.Circumstances; !math.IsInf(c.Rate, 1) {
		rate = fmt.Sprintf("%.3g/s", c.Rate)
	}
	fmt.Fprintf(w, "             so that at %s none waits for longer than half of ack_wait\n", rate)
	return nil
}

func consumed(c config.Route) string {
	if c.Stream == "" {
		return "core NATS " + c.Subject + " (queue " + c.Queue + ")"
	}
	if c.Subject == "" {
		return "stream " + c.Stream
	}
	return "stream " + c.Stream + " " + c.Subject
}

// keyNote says what kind of key is in use.
func keyNote(keys *sink.Keyring) string {
	if k := keys.Key(); k != nil {
		return string(k.Kind) + expiry(k.Expires)
	}
	return "from the token vending machine, fetched when the daemon starts"
}

func endpointNote(c sink.Config) string {
	if c.Endpoint.Host == "" {
		return "the one that the vended key names"
	}
	return c.Endpoint.String()
}

func expiry(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	left := time.Until(t)
	if left < 0 {
		return ", EXPIRED on " + t.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf(", expires %s (in %v)", t.UTC().Format(time.RFC3339), left.Round(time.Second))
}

// redactURL hides the user information of NATS URLs.
func redactURL(list string) string {
	urls := strings.Split(list, ",")
	for i, one := range urls {
		if u, err := url.Parse(strings.TrimSpace(one)); err == nil && u.User != nil {
			u.User = url.User("xxxxx")
			urls[i] = u.String()
		}
	}
	return strings.Join(urls, ",")
}
