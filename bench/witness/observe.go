package main

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// observation is what the daemon says at all places within a moment. What counts up, or stays as it is, must be between
// what the status says before and after it.
type observation struct {
	moment        moment
	before, after status
	had, has      map[string]tally // What the endpoint had answered before, and after.
	metrics       metrics
	page          map[string]map[string]string // By route; those of none by "".
	ready         int
	event         *event
	number        int
	text          string // Of `status`; empty: it was not asked.
	exit          int
	calm          bool // Nothing was changed meanwhile.
}

var client = http.Client{Timeout: 5 * time.Second}

// get reads a page of the daemon; 0: it does not answer.
func (w *world) get(ctx context.Context, path string) (code int, body []byte) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.daemon.Admin+path, http.NoBody)
	if err != nil {
		return 0, nil
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil
	}
	return resp.StatusCode, body
}

func (w *world) status(ctx context.Context) (s status, ok bool) {
	code, body := w.get(ctx, "/api/v1/status")
	return s, code == http.StatusOK && json.Unmarshal(body, &s) == nil
}

func (w *world) tallies() map[string]tally {
	all := map[string]tally{}
	for _, name := range w.names() {
		all[name] = w.endpoint.tally(name)
	}
	return all
}

// observe asks all places; false: the daemon does not answer.
func (w *world) observe(ctx context.Context, withCommand bool) (*observation, bool) {
	o := &observation{moment: w.past.moment(), had: w.tallies()}
	var ok bool
	w.look()
	if o.before, ok = w.status(ctx); !ok {
		return o, false
	}
	_, body := w.get(ctx, "/metrics")
	o.metrics = readMetrics(string(body))
	_, body = w.get(ctx, "/")
	o.page = readPage(string(body))
	o.ready, _ = w.get(ctx, "/readyz")
	if withCommand {
		o.text, o.exit = w.command(ctx)
	}
	o.event, _, o.number = w.events.last()
	if o.after, ok = w.status(ctx); !ok {
		return o, false
	}
	w.look()
	o.has = w.tallies()
	o.calm = w.past.moment().number == o.moment.number
	return o, true
}

// command runs `status`.
func (w *world) command(ctx context.Context) (text string, exit int) {
	cmd := exec.CommandContext(ctx, w.lab.Bridge, "status", "--admin", w.daemon.Address)
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return string(out), failed.ExitCode()
	}
	return string(out), 0
}

var cells = regexp.MustCompile(`data-v="([^"]+)"[^>]*>([^<]*)<`)

// readPage returns what a browser shows: for each route by its name, the rest by "".
func readPage(text string) map[string]map[string]string {
	found := map[string]map[string]string{"": {}}
	head, rest, _ := strings.Cut(text, "<tr ")
	take(found[""], head)
	for row := range strings.SplitSeq(rest, "<tr ") {
		row, after, _ := strings.Cut(row, "</tr>")
		texts := map[string]string{}
		take(texts, row)
		take(found[""], after)
		_, total := texts["received"]
		_, now := texts["waiting"]
		name := texts["name"]
		if name == "" || !total && !now {
			continue
		}
		if found[name] == nil {
			found[name] = map[string]string{}
		}
		maps.Copy(found[name], texts)
	}
	return found
}

// take adds the texts of a part of the page by their names; the first of a name counts.
func take(into map[string]string, part string) {
	for _, m := range cells.FindAllStringSubmatch(part, -1) {
		if _, known := into[m[1]]; !known {
			into[m[1]] = html.UnescapeString(m[2])
		}
	}
}
