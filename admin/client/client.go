// Package client asks a running daemon over its admin listener, and tells it what to do. Its errors are for people:
// they say what to do, and hold no secrets.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/printable"
	"momento-bridge/userinfo"
)

const (
	// timeout bounds one question to the daemon, in all.
	timeout = 5 * time.Second
	// maxAnswer bounds the daemon's answer, in bytes.
	maxAnswer = 8 << 20
)

// Client asks one daemon. It may be used concurrently.
type Client struct {
	base  string // Where it is, without what may be secret in it: for people.
	url   *url.URL
	token string
	http  *http.Client
}

// New returns a client of a daemon. An error says what to do.
func New(cfg Config) (*Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // A daemon is asked directly: a proxy would be another peer.
	c := &Client{base: userinfo.Hide(cfg.Where.String()), url: cfg.Where, http: &http.Client{
		Timeout: timeout, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if cfg.Where.Scheme == "unix" {
		path := cfg.Where.Path
		c.base, c.url = "the Unix socket "+path, &url.URL{Scheme: "http", Host: "localhost"}
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
	}
	var err error
	if transport.TLSClientConfig, err = cfg.tls(); err != nil {
		return nil, err
	}
	return c, cfg.credentials(c)
}

// Where says which daemon is asked, without secrets.
func (c *Client) Where() string { return c.base }

// Status returns the status as it came and as it was understood.
func (c *Client) Status(ctx context.Context) (body []byte, s *admin.Status, err error) {
	code, kind, body, err := c.do(ctx, http.MethodGet, "api/v1/status", nil)
	if err != nil {
		return nil, nil, err
	}
	s = &admin.Status{}
	if code != http.StatusOK || json.Unmarshal(body, s) != nil || s.Version == "" || s.State == "" {
		return nil, nil, c.stranger(code, kind)
	}
	return bytes.TrimRight(body, "\n"), s, nil
}

// Live returns what a daemon that makes progress says. One that is stuck is an error.
func (c *Client) Live(ctx context.Context) (string, error) {
	code, kind, body, err := c.do(ctx, http.MethodGet, "livez", nil)
	switch {
	case err != nil:
		return "", err
	case code != http.StatusOK:
		return "", c.stranger(code, kind)
	}
	return lines(body), nil
}

// Pause pauses or resumes a route, or all of them for an empty name. It returns what the daemon says of it.
func (c *Client) Pause(ctx context.Context, route string, paused bool) (string, error) {
	path, query := "api/v1/resume", url.Values{}
	if paused {
		path = "api/v1/pause"
	}
	if route != "" {
		query.Set("route", route)
	}
	code, kind, body, err := c.do(ctx, http.MethodPost, path, query)
	text := lines(body)
	switch {
	case err != nil:
		return "", err
	case code == http.StatusNotFound && strings.HasPrefix(text, "there is no route"):
		return "", errors.New(text)
	case code != http.StatusOK || !strings.HasPrefix(text, "paused") && !strings.HasPrefix(text, "resumed"):
		return "", c.stranger(code, kind)
	}
	return text, nil
}

// Reload lets the daemon read its configuration again.
func (c *Client) Reload(ctx context.Context) (admin.Reloaded, error) {
	var done admin.Reloaded
	patient, client := *c, *c.http
	patient.http, client.Timeout = &client, reloadTimeout
	code, kind, body, err := patient.do(ctx, http.MethodPost, "api/v1/reload", nil)
	switch {
	case err != nil:
		return done, err
	case code == http.StatusUnprocessableEntity, code == http.StatusNotImplemented:
		return done, errors.New("nothing was reloaded:\n" + lines(body))
	case code != http.StatusOK || json.Unmarshal(body, &done) != nil:
		return done, c.stranger(code, kind)
	}
	return done, nil
}

// reloadTimeout is shorter than what the listener gives an answer. Routes that end may take as long as
// shutdown_timeout.
const reloadTimeout = 55 * time.Second

// do asks once. That the daemon refuses whoever asks is an error.
func (c *Client) do(ctx context.Context, method, path string, query url.Values) (code int, kind string, body []byte,
	err error,
) {
	to := c.url.JoinPath(path)
	to.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, to.String(), http.NoBody)
	if err != nil {
		return 0, "", nil, fmt.Errorf("ask %s: %w", c.base, errors.Unwrap(err)) // Not the address.
	}
	request.Header.Set("Accept", "application/json, text/plain")
	request.Header.Set("X-Momento-Bridge", "1")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(request)
	if err != nil {
		return 0, "", nil, c.noAnswer(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, "", nil, c.noAnswer(err)
	}
	kind = printable.Line(resp.Header.Get("Content-Type"))
	switch resp.StatusCode {
	case http.StatusMisdirectedRequest, http.StatusForbidden, http.StatusUnauthorized, http.StatusServiceUnavailable:
		return 0, "", nil, c.refused(resp.StatusCode, body)
	}
	if len(body) > maxAnswer {
		return 0, "", nil, c.stranger(resp.StatusCode, kind)
	}
	return resp.StatusCode, kind, body, nil
}

// lines are a body for people: printable, line by line.
func lines(body []byte) string {
	var all []string
	for line := range strings.Lines(string(body[:min(len(body), 64<<10)])) {
		all = append(all, strings.TrimRight(printable.Text(strings.TrimRight(line, "\r\n")), " "))
	}
	return strings.Join(all, "\n")
}
