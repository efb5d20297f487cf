package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// events follows /api/v1/events, as the page does, and keeps the latest.
type events struct {
	url string

	mu     sync.Mutex // Guards the following.
	latest *event
	at     time.Time
	number int
}

// event is the status, and what the page shows of it.
type event struct {
	Status status `json:"status"`
	Page   view   `json:"page"`
}

type view struct {
	Texts map[string]string     `json:"texts"`
	Lists map[string][]pageItem `json:"lists"`
}

type pageItem struct {
	Texts map[string]string `json:"texts"`
}

func newEvents(admin string) *events { return &events{url: admin + "/api/v1/events"} }

// run follows until ctx is done, through restarts.
func (e *events) run(ctx context.Context) {
	for ctx.Err() == nil {
		e.follow(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (e *events) follow(ctx context.Context) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, http.NoBody)
	if err != nil {
		return
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 16<<20)
	name := ""
	for lines.Scan() {
		if word, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = word
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || name != "status" {
			continue
		}
		one := &event{}
		if json.Unmarshal([]byte(data), one) != nil {
			continue
		}
		e.mu.Lock()
		e.latest, e.at = one, time.Now()
		e.number++
		e.mu.Unlock()
	}
}

// last returns the latest event and when it came.
func (e *events) last() (*event, time.Time, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.latest, e.at, e.number
}
