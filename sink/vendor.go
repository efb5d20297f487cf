package sink

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Vendor fetches keys from a token vending machine. It may be used concurrently.
type Vendor struct {
	url         string
	headersFile string
	client      *http.Client
}

const (
	// vendTimeout is for one fetch.
	vendTimeout = 5 * time.Second
	// maxVended bounds the machine's answer, in bytes.
	maxVended = 64 << 10
)

// NewVendor returns a vendor that GETs url with the headers in headersFile, one "Name: value" a line, which is read at each fetch; no file,
// no headers. The server's certificate is verified against the system's roots and those in caFile. It is reached through a
// proxy, unless that is nil.
func NewVendor(url, headersFile, caFile string, proxy *Proxy) (*Vendor, error) {
	roots, err := rootsWith(caFile)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:     true, // A fetch an hour needs no connection in between.
		ResponseHeaderTimeout: vendTimeout,
	}
	proxy.use(transport, parsed(url).Host, vendTimeout)
	client := &http.Client{
		Transport:     transport,
		Timeout:       vendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // The headers are for this server only.
	}
	return &Vendor{url: url, headersFile: headersFile, client: client}, nil
}

// String returns the machine's host: user, path and query may be secret.
func (v *Vendor) String() string {
	u, err := url.Parse(v.url)
	if err != nil {
		return "token vending machine"
	}
	return u.Scheme + "://" + u.Host
}

// Fetch fetches one key. Errors hold nothing of a key, a header or the address's secrets.
func (v *Vendor) Fetch(ctx context.Context) (Key, error) {
	k, err := v.fetch(ctx)
	if err != nil {
		return Key{}, fmt.Errorf("fetch an API key from %s: %w", v, err)
	}
	return k, nil
}

func (v *Vendor) fetch(ctx context.Context) (Key, error) {
	ctx, cancel := context.WithTimeout(ctx, vendTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url, http.NoBody)
	if err != nil {
		return Key{}, errors.New("momento.api_key_url is not a URL")
	}
	if request.Header, err = readHeaders(v.headersFile); err != nil {
		return Key{}, err
	}
	request.Header.Set("Accept", "application/json")
	resp, err := v.client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // Without the address.
		}
		if strings.Contains(err.Error(), "malformed") { // What comes next in it is the answer.
			err = errors.New("what it answers is not HTTP/1.1")
		}
		return Key{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Key{}, fmt.Errorf("it answered %d, want 200: check the address and the headers in momento.api_key_url_headers_file", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxVended+1))
	if err != nil {
		return Key{}, fmt.Errorf("read its answer: %w", err)
	}
	return parseVended(body)
}

// readHeaders reads lines of "Name: value". Empty lines and those that begin with # do not count.
func readHeaders(path string) (http.Header, error) {
	header := http.Header{}
	if path == "" {
		return header, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the headers: %w", err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("%s:%d: write a header as Name: value", path, n)
		}
		header.Add(name, strings.TrimSpace(value))
	}
	return header, nil
}

// parseVended reads a machine's answer, of which there are two kinds: authToken and expiresAt, which is a number or an object with
// validUntil; or api_key, endpoint and valid_until. Times are in seconds since 1970.
func parseVended(body []byte) (Key, error) {
	var answer struct {
		AuthToken  string          `json:"authToken"`
		ExpiresAt  json.RawMessage `json:"expiresAt"`
		APIKey     string          `json:"api_key"`
		Endpoint   string          `json:"endpoint"`
		ValidUntil json.RawMessage `json:"valid_until"`
	}
	if len(body) > maxVended {
		return Key{}, errors.New("its answer is too long")
	}
	if json.Unmarshal(body, &answer) != nil {
		return Key{}, errors.New("its answer is not the expected JSON object")
	}
	text, expires := answer.AuthToken, answer.ExpiresAt
	if text == "" {
		text, expires = answer.APIKey, answer.ValidUntil
	}
	if text == "" {
		return Key{}, errors.New("its answer has neither authToken nor api_key")
	}
	k, err := ParseKey(text)
	if err != nil {
		return Key{}, err
	}
	if at, ok := epochSeconds(expires); ok {
		k.Expires = at
	}
	if k.Endpoint == "" {
		k.Endpoint = strings.TrimSpace(answer.Endpoint)
	}
	return k, nil
}

// epochSeconds reads a number, a number in quotes, or an object that has one as validUntil.
func epochSeconds(raw json.RawMessage) (time.Time, bool) {
	var object struct {
		ValidUntil json.RawMessage `json:"validUntil"`
	}
	if json.Unmarshal(raw, &object) == nil && object.ValidUntil != nil {
		raw = object.ValidUntil
	}
	seconds, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || !(seconds > 0 && seconds < 1e11) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}
