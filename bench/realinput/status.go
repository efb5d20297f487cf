package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// status reads nginx's counters. They include our own readings, which are taken off.
type status struct {
	url      string
	readings int
}

var countersLine = regexp.MustCompile(`(?m)^ (\d+) (\d+) (\d+) $`)

// read returns the requests answered and connections accepted so far, without our own. Our readings share one connection.
func (s *status) read() (requests, connections int, err error) {
	resp, err := http.Get(s.url)
	if err != nil {
		return 0, 0, fmt.Errorf("read nginx's counters: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, 0, fmt.Errorf("read nginx's counters: %w", err)
	}
	s.readings++
	m := countersLine.FindSubmatch(text)
	if m == nil {
		return 0, 0, fmt.Errorf("nginx's counters are not as expected: %q", text)
	}
	connections, _ = strconv.Atoi(string(m[1]))
	requests, _ = strconv.Atoi(string(m[3]))
	return requests - s.readings, connections - 1, nil
}
