package sink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// polled is one of the items in an answer to a long poll: a message, or the note of a break.
type polled struct {
	Item *struct {
		Sequence *whole `json:"topic_sequence_number"`
		Page     *whole `json:"sequence_page"`
		Value    struct {
			Text   *string `json:"text"`
			Binary []byte  `json:"binary"` // Base64; or an array of numbers, which is not documented either way.
		} `json:"value"`
		Publisher string `json:"publisher_id"`
	} `json:"item"`
	Discontinuity *struct {
		Last    whole  `json:"last_topic_sequence"` // 0: not known.
		Next    whole  `json:"new_topic_sequence"`  // Of the next message, or of the one before.
		NewPage *whole `json:"new_sequence_page"`
	} `json:"discontinuity"`
}

// whole is a number of 64 bits, exact: as JSON has it, or as a string, as protocol buffers write those.
type whole uint64

// UnmarshalJSON implements json.Unmarshaler.
func (w *whole) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	n, err := strconv.ParseUint(strings.Trim(string(text), `"`), 10, 64)
	if err != nil {
		return fmt.Errorf("%.30q is not a number of 64 bits", text)
	}
	*w = whole(n)
	return nil
}

var errNotItems = errors.New("the endpoint's answer to a subscriber is not the expected JSON")

// eachPolled calls do for each of the items in an answer, one at a time, so that an answer needs no more memory than its
// text. An item that cannot be read is left out, and the error says so.
func eachPolled(body []byte, do func(*polled)) error {
	if !json.Valid(body) {
		return errNotItems
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return errNotItems
	}
	var unread error
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return errNotItems
		}
		var list json.RawMessage
		if err := decoder.Decode(&list); err != nil {
			return errNotItems
		}
		if key == "items" {
			unread = errors.Join(unread, eachOf(list, do))
		}
	}
	return unread
}

// eachOf is eachPolled for the list alone.
func eachOf(list []byte, do func(*polled)) error {
	decoder := json.NewDecoder(bytes.NewReader(list))
	switch t, err := decoder.Token(); {
	case err != nil || t != nil && t != json.Delim('['):
		return errNotItems
	case t == nil: // There are none.
		return nil
	}
	unread := 0
	for decoder.More() {
		var e polled
		if decoder.Decode(&e) == nil {
			do(&e)
			continue
		}
		unread++ // The list is valid JSON: what comes next can be read.
	}
	if unread > 0 {
		return fmt.Errorf("%d items of the endpoint's answer to a subscriber cannot be read", unread)
	}
	return nil
}
