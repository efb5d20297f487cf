package key

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// VendorConfig says how a token vending machine is asked. Its files are read at each fetch.
type VendorConfig struct {
	URL         string
	Post        bool   // Instead of GET.
	HeadersFile string // One "Name: value" a line; empty: no headers.
	BodyFile    string // Of a POST; empty: no body.
	Momento     bool   // Only keys of Momento's kinds are taken.
	// Transport carries each request, and its answer decompressed. It need not keep connections: keys last for minutes.
	Transport http.RoundTripper
}

// Vendor fetches keys from a token vending machine. It may be used concurrently.
type Vendor struct {
	cfg    VendorConfig
	client *http.Client
}

const (
	// FetchTimeout is the most that one fetch takes.
	FetchTimeout = 5 * time.Second
	// maxVended bounds the machine's answer, in bytes.
	maxVended = 64 << 10
)

// NewVendor returns a vendor. It asks nothing yet.
func NewVendor(cfg VendorConfig) *Vendor {
	client := &http.Client{
		Transport: cfg.Transport,
		Timeout:   FetchTimeout,
		// The headers are for this server only.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Vendor{cfg: cfg, client: client}
}

// String returns the machine's host: user, path and query may be secret.
func (v *Vendor) String() string {
	u, err := url.Parse(v.cfg.URL)
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
	request, err := v.request(ctx)
	if err != nil {
		return Key{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, FetchTimeout)
	defer cancel()
	resp, err := v.client.Do(request.WithContext(ctx))
	if err != nil {
		return Key{}, withoutAnswer(err)
	}
	defer resp.Body.Close()
	if !vends(resp.StatusCode) {
		return Key{}, fmt.Errorf("it answered %d, want 200 or 201: %s", resp.StatusCode, vendorAdvice(resp.StatusCode))
	}
	// Else it has been decoded.
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return Key{}, errors.New("its answer is compressed in another way than gzip, which was not asked for")
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxVended+1))
	if err != nil {
		return Key{}, fmt.Errorf("read its answer: %w", withoutAnswer(err))
	}
	k, err := parseVended(body)
	if err == nil && v.cfg.Momento && k.Kind == Opaque {
		return Key{}, errors.New("its answer is neither a v1, v2 nor legacy Momento key; " + keyExpected)
	}
	return k, err
}

// vends reports whether an answer with a status may have a key. 203 is a 200 that a proxy has changed.
func vends(status int) bool {
	return status == http.StatusOK || status == http.StatusCreated || status == http.StatusNonAuthoritativeInfo
}

// vendorAdvice says what to do about an answer without a key.
func vendorAdvice(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "check the headers in momento.api_key_url_headers_file"
	case http.StatusNotFound, http.StatusGone:
		return "check the path in momento.api_key_url"
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "check momento.api_key_url_method"
	case http.StatusBadRequest, http.StatusLengthRequired, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity:
		return "check momento.api_key_url_method, the body in momento.api_key_url_body_file and its Content-Type"
	}
	switch {
	case status == http.StatusTooManyRequests:
		return "it is asked again later"
	case status >= 500:
		return "its own log may say why"
	case status >= 300 && status < 400:
		return "it leads elsewhere, which is not followed: write that address into momento.api_key_url"
	}
	return "check the address, and the headers in momento.api_key_url_headers_file"
}

// withoutAnswer returns an error of net/http unless it may quote the address or the answer.
func withoutAnswer(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // Without the address.
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("its answer breaks off")
	case errors.Is(err, io.EOF):
		return errors.New("it closed the connection without an answer")
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return err
	}
	text := err.Error()
	for _, sign := range [...]string{"malformed", "transport connection broken", `"`} {
		if strings.Contains(text, sign) {
			return errors.New("what it answers is not HTTP/1.1")
		}
	}
	return err
}
