package main

import "encoding/json"

// item is a message as it was published.
type item struct {
	ID     int  `json:"id"`
	Poison bool `json:"poison"`
}

// itemsOf takes a body apart: one message, or a batch of them.
func itemsOf(body []byte) (items []item) {
	if json.Unmarshal(body, &items) == nil {
		return items
	}
	var one item
	if json.Unmarshal(body, &one) == nil {
		return []item{one}
	}
	return nil
}
