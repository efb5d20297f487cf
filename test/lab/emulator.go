package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Emulator is the program's stand-in for the endpoint, as a process.
type Emulator struct {
	*Process
	Address string
	URL     string
}

// StartEmulator starts an emulator with flags of `emulator`, besides --listen, and waits until it listens.
func (l *Lab) StartEmulator(ctx context.Context, args ...string) (*Emulator, error) {
	address := FreeAddress()
	p, err := l.Start(l.Bridge, append([]string{"emulator", "--listen", address}, args...)...)
	if err != nil {
		return nil, err
	}
	return &Emulator{p, address, "http://" + address}, AwaitListener(ctx, address)
}

// Set changes settings while it runs: JSON, such as {"fault": "500:100%"}.
func (e *Emulator) Set(ctx context.Context, settings string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, e.URL+"/_emulator/settings",
		strings.NewReader(settings))
	if err != nil {
		return fmt.Errorf("change the emulator: %w", err)
	}
	return expectOK(req)
}

// Stats reads what it has counted so far into a value, from JSON.
func (e *Emulator) Stats(into any) error { return readJSON(e.URL+"/_emulator/stats", into) }

// readJSON reads a page into a value.
func readJSON(url string, into any) error {
	resp, err := http.Get(url)
	if err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	return nil
}

// expectOK sends a request that changes something.
func expectOK(req *http.Request) error {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", req.Method, req.URL.Path, resp.Status)
	}
	return nil
}
