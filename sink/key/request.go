package key

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"momento-bridge/secretfile"
)

// request makes what the machine is asked with, from the files as they are now.
func (v *Vendor) request(ctx context.Context) (*http.Request, error) {
	header := http.Header{}
	if v.cfg.HeadersFile != "" {
		var err error
		if header, err = ReadHeaders(ctx, v.cfg.HeadersFile); err != nil {
			return nil, unread("the headers", v.cfg.HeadersFile, err)
		}
	}
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if v.cfg.Post {
		method = http.MethodPost
	}
	if v.cfg.BodyFile != "" {
		text, err := secretfile.Read(ctx, v.cfg.BodyFile)
		if err != nil {
			return nil, unread("the body", v.cfg.BodyFile, err)
		}
		body = strings.NewReader(text)
		if header.Get("Content-Type") == "" {
			header.Set("Content-Type", "application/json")
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, v.cfg.URL, body)
	if err != nil {
		return nil, errors.New("momento.api_key_url is not a URL")
	}
	if header.Get("Accept") == "" {
		header.Set("Accept", "application/json")
	}
	header.Del("Accept-Encoding") // What net/http asks for it decodes.
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	request.Header = header
	return request, nil
}

// ReadHeaders reads a file with lines of "Name: value". Empty lines and those that begin with # do not count. Errors
// do not name the file, but for those of the system.
func ReadHeaders(ctx context.Context, path string) (http.Header, error) {
	text, err := secretfile.Read(ctx, path)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); !ok || !isToken(name) || strings.ContainsFunc(value, isControl) {
			return nil, fmt.Errorf("line %d is no header: write Name: value", n)
		}
		header.Add(name, value)
	}
	return header, nil
}

// isToken reports whether HTTP takes it for a header's name.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
