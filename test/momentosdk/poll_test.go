package momentosdk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// polled is one entry of what a long poll answers: an item or a discontinuity.
type polled struct {
	Item          *item
	Discontinuity *discontinuity
}

// item has exactly one of text and binary. JSON has bytes in base64, and numbers of 64 bits.
type item struct {
	Sequence  uint64 `json:"topic_sequence_number"`
	Page      uint64 `json:"sequence_page"`
	Publisher string `json:"publisher_id"`
	Value     struct {
		Text   *string
		Binary *[]byte
	}
}

type discontinuity struct {
	Last uint64 `json:"last_topic_sequence"`
	New  uint64 `json:"new_topic_sequence"`
	Page uint64 `json:"new_sequence_page"`
}

// endpoint is an emulator, as HTTP knows it, and a key for it.
type endpoint struct{ url, key string }

// refusal is an answer with an error.
type refusal struct {
	status int
	body   string
}

// Error implements error.
func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.body) }

// poll asks once, for what a topic has from a place on, and waits for the answer.
func (e *endpoint) poll(ctx context.Context, cache, topic string, sequence, page uint64) ([]polled, error) {
	query := fmt.Sprintf("?sequence_number=%d&sequence_page=%d", sequence, page)
	body, err := e.do(ctx, http.MethodGet, cache, topic, query, "", "")
	if err != nil {
		return nil, err
	}
	var answer struct{ Items []polled }
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("a long poll answers %s: %w", body, err)
	}
	return answer.Items, nil
}

// publish publishes a body.
func (e *endpoint) publish(ctx context.Context, cache, topic, contentType, body string) error {
	_, err := e.do(ctx, http.MethodPost, cache, topic, "", contentType, body)
	return err
}

func (e *endpoint) do(ctx context.Context, method, cache, topic, query, contentType, body string) ([]byte, error) {
	address := e.url + "/topics/" + url.PathEscape(cache) + "/" + url.PathEscape(topic) + query
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", e.key)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = &refusal{resp.StatusCode, strings.TrimSpace(string(said))}
	}
	return said, err
}

// after returns the place that follows what has come.
func after(items []polled, sequence, page uint64) (nextSequence, nextPage uint64) {
	for _, p := range items {
		switch {
		case p.Item != nil:
			sequence, page = p.Item.Sequence+1, p.Item.Page
		case p.Discontinuity != nil:
			sequence, page = p.Discontinuity.New, p.Discontinuity.Page
		}
	}
	return sequence, page
}
