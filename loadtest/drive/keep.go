package drive

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Kept is what an engine has noted between two moments, in a form for a file. An engine that recalls it is as if it had
// made the trials between these itself.
type Kept struct {
	Now      float64        `json:"now"`     // On the engine's clock, at the end.
	Tickets  int            `json:"tickets"` // So far.
	From     int            `json:"from"`    // The first of Seconds.
	Seconds  []Second       `json:"seconds,omitempty"`
	Refusals map[string]int `json:"refusals,omitempty"`
	Trials   []KeptTrial    `json:"trials,omitempty"`
}

// KeptTrial is Measured in a form for a file.
type KeptTrial struct {
	Measured Measured `json:"measured"` // Without its Record.
	Times    []string `json:"times"`    // The distributions of Record, in their order, as HdrHistogram writes them.
}

// Sent is how many publishes were sent.
func (k *Kept) Sent() int {
	n := 0
	for _, s := range k.Seconds {
		n += s.Accepted + s.Refused + s.Failed
	}
	return n
}

// noted is what an engine had noted when something was kept last.
type noted struct {
	seconds  []Second
	refusals map[string]int
	trials   int
}

// Keep returns what was noted since it was called last, or since something was recalled. It is called between trials.
func (e *Engine) Keep() (Kept, error) {
	k := Kept{Now: e.Now(), Tickets: e.sent, Refusals: map[string]int{}}
	for i, s := range e.seconds.all {
		if i < len(e.noted.seconds) {
			s = s.minus(e.noted.seconds[i])
		}
		switch {
		case len(k.Seconds) > 0:
			k.Seconds = append(k.Seconds, s)
		case s != Second{}:
			k.From, k.Seconds = i, append(k.Seconds, s)
		}
	}
	for text, n := range e.texts.all() {
		if n -= e.noted.refusals[text]; n > 0 {
			k.Refusals[text] = n
		}
	}
	for _, m := range e.measured[e.noted.trials:] {
		t, err := m.keep()
		if err != nil {
			return k, err
		}
		k.Trials = append(k.Trials, t)
	}
	e.note()
	return k, nil
}

// Recall notes what was kept, and sets the clock to its end. It is called before trials of the engine's own.
func (e *Engine) Recall(k Kept) error {
	for _, t := range k.Trials {
		m, err := t.measured()
		if err != nil {
			return err
		}
		e.measured = append(e.measured, m)
	}
	for i, s := range k.Seconds {
		e.seconds.add(k.From+i, s)
		for f, n := range [fates]int{accepted: s.Accepted, refused: s.Refused, failed: s.Failed, missed: s.Missed} {
			e.counts[f].Add(int64(n))
		}
	}
	for text, n := range k.Refusals {
		e.texts.add(text, n)
	}
	e.sent, e.began = k.Tickets, time.Now().Add(-time.Duration(k.Now*1e9))
	e.note()
	return nil
}

func (e *Engine) note() {
	e.noted = noted{append([]Second(nil), e.seconds.all...), e.texts.all(), len(e.measured)}
}

func (r *Record) distributions() []*hdrhistogram.Histogram {
	return []*hdrhistogram.Histogram{
		r.Delay, r.Accepted.Service, r.Accepted.Response, r.Refused.Service, r.Refused.Response, r.Failed.Service,
		r.Failed.Response,
	}
}

func (m *Measured) keep() (KeptTrial, error) {
	k := KeptTrial{Measured: *m}
	k.Measured.Record = nil
	for _, h := range m.distributions() {
		text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			return k, fmt.Errorf("write a distribution of times: %w", err)
		}
		k.Times = append(k.Times, string(text))
	}
	return k, nil
}

func (k *KeptTrial) measured() (Measured, error) {
	m := k.Measured
	m.Record = newRecord()
	all := m.distributions()
	if len(k.Times) != len(all) {
		return m, fmt.Errorf("there are %d distributions of times rather than %d", len(k.Times), len(all))
	}
	for i, h := range all {
		from, err := hdrhistogram.Decode([]byte(k.Times[i]))
		if err != nil {
			return m, fmt.Errorf("read a distribution of times: %w", err)
		}
		h.Merge(from)
	}
	return m, nil
}
