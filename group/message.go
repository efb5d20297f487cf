package group

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode"
)

// Report is what a member tells the others of itself.
type Report struct {
	ID      string `json:"id"`
	Start   int64  `json:"at"`          // When it began, in milliseconds since 1970.
	Guest   bool   `json:"g,omitempty"` // It publishes for a while and keeps nothing: a replay, a load test.
	Leaving bool   `json:"x,omitempty"`
	// Next is in how many seconds the next one comes at the latest, where that is longer than usual.
	Next float64 `json:"i,omitempty"`
	// Now and then, and when somebody new is heard:
	Host    string `json:"h,omitempty"`
	Version string `json:"v,omitempty"`
	Routes  string `json:"o,omitempty"` // A hash of its routes.

	Uses []Use `json:"s,omitempty"`
}

// Use is what a member has made of one quota since it began, and what it wants. Costs are in the quota's unit.
type Use struct {
	Scope     string  `json:"n"`
	Accepted  float64 `json:"a,omitempty"` // Costs of publishes that were accepted,
	Publishes uint64  `json:"c,omitempty"` // and how many they were.
	Refused   uint64  `json:"r,omitempty"`
	Row       int     `json:"l,omitempty"` // How many were refused since the latest that was accepted.
	Epoch     uint64  `json:"e,omitempty"` // Of the level in force when the latest refused one was sent.
	Want      float64 `json:"w,omitempty"` // Per second.
	Used      float64 `json:"u,omitempty"` // Per second.
	Waited    bool    `json:"q,omitempty"` // Something waits for tokens.
	Asked     float64 `json:"p,omitempty"` // For how many seconds yet the endpoint asks to be left alone.
}

// Level is what the keeper tells all members.
type Level struct {
	ID      string  `json:"id"`
	Start   int64   `json:"at"`
	Epoch   uint64  `json:"e"` // It grows with each level.
	Cut     uint64  `json:"c"` // The first epoch after the latest cut of a rate.
	Members int     `json:"m"`
	Totals  []Total `json:"s,omitempty"`
}

// Total is one quota as its keeper knows it. A quota that limits nothing has none.
type Total struct {
	Scope string  `json:"n"`
	Rate  float64 `json:"t"`           // Of all members together, per second.
	Level float64 `json:"l,omitempty"` // What one member may have at the most, per second; 0: all have what they want.
	Spare float64 `json:"x,omitempty"` // What each may have besides what it wants, per second.
	Pause float64 `json:"p,omitempty"` // For how many seconds yet nothing starts.
	Quota float64 `json:"q,omitempty"` // As learned.
	Floor float64 `json:"z,omitempty"` // The share that is refused at any rate.
	Found int     `json:"f,omitempty"`
}

const (
	mostBytes  = 256 << 10 // Of a message.
	mostScopes = 2048
	mostText   = 256
	mostNumber = 1e15
	mostPause  = 24 * 3600.0
	mostNext   = 3600.0
	mostFound  = 1 << 20
)

var errMessage = errors.New("no message of a group")

// DecodeReport reads what another process has sent. An error says that it is not to be believed.
func DecodeReport(data []byte) (*Report, error) {
	r := &Report{}
	if err := decode(data, r); err != nil {
		return nil, err
	}
	good := texts(r.Host, r.Version, r.Routes) && sender(r.ID, r.Start) && len(r.Uses) <= mostScopes &&
		r.Next >= 0 && r.Next <= mostNext
	for i := range r.Uses {
		u := &r.Uses[i]
		good = good && texts(u.Scope) && numbers(u.Accepted, u.Want, u.Used, u.Asked) && u.Asked <= mostPause &&
			u.Row >= 0
	}
	if !good {
		return nil, fmt.Errorf("%w: a value is out of range", errMessage)
	}
	return r, nil
}

// DecodeLevel reads what another process has sent. An error says that it is not to be believed.
func DecodeLevel(data []byte) (*Level, error) {
	l := &Level{}
	if err := decode(data, l); err != nil {
		return nil, err
	}
	good := sender(l.ID, l.Start) && len(l.Totals) <= mostScopes &&
		l.Members > 0 && l.Members <= 2*mostMembers && l.Cut <= l.Epoch
	for i := range l.Totals {
		t := &l.Totals[i]
		good = good && texts(t.Scope) && numbers(t.Rate, t.Level, t.Spare, t.Pause, t.Quota, t.Floor) &&
			t.Pause <= mostPause && t.Found <= mostFound && t.standing().Valid()
	}
	if !good {
		return nil, fmt.Errorf("%w: a value is out of range", errMessage)
	}
	return l, nil
}

func decode(data []byte, into any) error {
	if len(data) > mostBytes {
		return fmt.Errorf("%w: %d bytes", errMessage, len(data))
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %w", errMessage, err)
	}
	return nil
}

// Encode returns the message as it is sent.
func (r *Report) Encode() []byte { return encode(r) }

// Encode returns the message as it is sent.
func (l *Level) Encode() []byte { return encode(l) }

// encode cannot fail: all numbers are finite.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

func sender(id string, start int64) bool { return id != "" && texts(id) && start >= 0 }

func texts(all ...string) bool {
	for _, s := range all {
		if len(s) > mostText {
			return false
		}
		for _, c := range s {
			if !unicode.IsPrint(c) {
				return false
			}
		}
	}
	return true
}

func numbers(all ...float64) bool {
	for _, n := range all {
		if !(n >= 0 && n <= mostNumber) {
			return false
		}
	}
	return true
}

// short leaves five digits of a number. What is none is 0, and what is too large the largest that can be sent.
func short(n float64) float64 {
	if !(n > 0) {
		return 0
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(min(n, mostNumber), 'g', 5, 64), 64)
	if err != nil {
		return 0
	}
	return rounded
}
