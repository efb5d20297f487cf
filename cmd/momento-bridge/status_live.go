package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// alive asks for /livez alone, as health checks of containers do: where no configuration is mounted, at the default
// address. A daemon that is stuck, or is not there, is an error.
func (o *statusOptions) alive(ctx context.Context, w io.Writer) error {
	if o.group || o.watch || o.json {
		return &usageError{errors.New("--live asks one daemon once: leave --group, --watch and --json out")}
	}
	if _, err := os.Stat(o.file); errors.Is(err, os.ErrNotExist) {
		o.file = ""
	}
	where, err := o.where()
	if err != nil {
		return &usageError{err}
	}
	return newStatusClient(where).alive(ctx, w)
}

// maxLive bounds what is read of the answer, in bytes.
const maxLive = 4 << 10

func (c *statusClient) alive(ctx context.Context, w io.Writer) error {
	url := strings.TrimSuffix(c.url, "api/v1/status") + "livez"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.base, err)
	}
	resp, err := c.http.Do(request)
	if err != nil {
		return c.noAnswer(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxLive))
	if err != nil {
		return c.noAnswer(err)
	}
	said := firstLine(body)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the daemon at %s makes no progress (%d): %s", c.base, resp.StatusCode, said)
	}
	_, err = fmt.Fprintln(w, said)
	return err
}
