package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

const (
	// statusTimeout bounds one question to the daemon, in all.
	statusTimeout = 5 * time.Second
	// maxStatus bounds the daemon's answer, in bytes.
	maxStatus = 8 << 20
)

// statusClient asks one daemon.
type statusClient struct {
	base string // Scheme, host and what stands before /api, without what may be secret in it: for people.
	url  string
	http *http.Client
}

func newStatusClient(base *url.URL) *statusClient {
	return &statusClient{
		base: base.Redacted(),
		url:  base.JoinPath("api/v1/status").String(),
		http: &http.Client{
			Timeout:       statusTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// asker asks a daemon, or all of a group. An error says what to do.
type asker interface {
	ask(ctx context.Context) (answer, error)
}

// answer is what was asked for, as it is shown.
type answer interface {
	lines(paint terminal.Palette) []string // For people.
	line() string                          // For logs and pipes.
	json(indented bool) ([]byte, error)    // Indented, or in one line.
	verdict() admin.Verdict                // Of all that was asked.
}

// statusAnswer is a status as it came and as it was understood.
type statusAnswer struct {
	body   []byte
	status admin.Status
}

func (a *statusAnswer) lines(paint terminal.Palette) []string { return statusLines(&a.status, paint) }
func (a *statusAnswer) line() string                          { return statusLine(&a.status) }

// verdict is the daemon's own, or what its state means where it is too old to say.
func (a *statusAnswer) verdict() admin.Verdict {
	return cmp.Or(a.status.Verdict, a.status.State.Verdict())
}

// json is the answer as it came.
func (a *statusAnswer) json(indented bool) ([]byte, error) {
	if indented {
		return bytes.TrimRight(a.body, "\n"), nil
	}
	var line bytes.Buffer
	if err := json.Compact(&line, a.body); err != nil {
		return nil, fmt.Errorf("write the answer in one line: %w", err)
	}
	return line.Bytes(), nil
}

// ask implements asker.
func (c *statusClient) ask(ctx context.Context) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.base, err)
	}
	request.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(request)
	if err != nil {
		return nil, c.noAnswer(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxStatus+1))
	if err != nil {
		return nil, c.noAnswer(err)
	}
	if resp.StatusCode == http.StatusMisdirectedRequest || resp.StatusCode == http.StatusForbidden {
		return nil, fmt.Errorf("%s refuses (%d): %s", c.base, resp.StatusCode, firstLine(body))
	}
	a := &statusAnswer{body: body}
	if resp.StatusCode != http.StatusOK || len(body) > maxStatus || json.Unmarshal(body, &a.status) != nil ||
		a.status.Version == "" || a.status.State == "" {
		return nil, fmt.Errorf("what answers at %s is no momento-bridge, or one of another version (status %d, %s)\n"+
			"check the port: it is the daemon's admin.listen; give it with --admin, or the daemon's configuration "+
			"with --config",
			c.base, resp.StatusCode, printable.Line(resp.Header.Get("Content-Type")))
	}
	return a, nil
}

// noAnswer explains a failed request.
func (c *statusClient) noAnswer(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		if wrapped.Timeout() {
			return fmt.Errorf("no answer from %s within %v\n"+
				"is it the right address? if it is, the daemon or its machine is stuck: see /livez and the log", c.base,
				statusTimeout)
		}
		err = wrapped.Err // Without the address.
	}
	return fmt.Errorf("no answer from %s: %w\nis momento-bridge running there? the address is the daemon's "+
		"admin.listen: give it with --admin, or the daemon's configuration with --config", c.base, err)
}

// firstLine is the beginning of a body, for people.
func firstLine(body []byte) string {
	line, _, _ := strings.Cut(string(body[:min(len(body), 200)]), "\n")
	return printable.Line(line)
}
