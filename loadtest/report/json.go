package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"momento-bridge/printable"
)

// MaxSize bounds a report that is read, in bytes. An hour has 3600 seconds and some hundred trials, which is less than
// 1 MB.
const MaxSize = 64 << 20

// Read reads a report that WriteJSON has written, of this version of the schema. Members that it does not know are left
// out: within a version, members may come in addition.
func Read(from io.Reader) (*Report, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading a report: %w", err)
	case len(text) > MaxSize:
		return nil, fmt.Errorf("this is no report: it has more than %d MiB", MaxSize>>20)
	}
	var head struct {
		Schema *int `json:"schema"`
		Target struct {
			Version string `json:"version"`
		} `json:"target"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("this is no report: %w; give the report.json that a load test has written", err)
	}
	switch {
	case head.Schema == nil || *head.Schema < 1:
		return nil, errors.New(
			`this is no report: it has no "schema"; give the report.json that a load test has written`)
	case *head.Schema > Schema:
		return nil, fmt.Errorf(
			"the report has schema %d, this program reads %d: read it with the version that wrote it "+
				"(%.40q) or a later one", *head.Schema, Schema, head.Target.Version)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("the report cannot be read: %w", err)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("the report contradicts itself: %w", err)
	}
	return &r, nil
}

// WriteJSON writes the report as JSON that schema.json describes.
func WriteJSON(to io.Writer, r *Report) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	return writeJSON(to, tidy(r))
}

func writeJSON(to io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	_, err = to.Write(append(printable.JSON(text), '\n'))
	return err
}

// check says what would make the report mean nothing. What it lets pass can be written in each format.
func (r *Report) check() error {
	switch {
	case r.Schema != Schema:
		return fmt.Errorf("schema is %d, not %d", r.Schema, Schema)
	case r.Test != Find && r.Test != Rate:
		return fmt.Errorf("test is %.40q, neither %s nor %s", r.Test, Find, Rate)
	case r.Test == Find && r.Verdict != Proved && r.Verdict != NotProved:
		return fmt.Errorf("verdict is %.40q, neither %s nor %s", r.Verdict, Proved, NotProved)
	case r.Test == Rate && r.Verdict != "":
		return fmt.Errorf("verdict is %.40q, but a rate test proves nothing", r.Verdict)
	case r.Verdict == Proved && (r.CleanRate == nil || r.FailingRate == nil):
		return errors.New("it is proved, but clean_rate or failing_rate is null")
	case r.Verdict == Proved && !(0 < *r.CleanRate && *r.CleanRate < *r.FailingRate):
		return fmt.Errorf("it is proved, but clean_rate %g is not below failing_rate %g", *r.CleanRate, *r.FailingRate)
	}
	for _, rate := range []*float64{
		r.CleanRate, r.CleanBound, r.FailingRate, r.PlateauRate, r.Burst, r.WindowSeconds,
		&r.DurationSeconds,
	} {
		if rate != nil && !(*rate >= 0 && *rate <= math.MaxInt32) {
			return fmt.Errorf("a rate or time is %g", *rate)
		}
	}
	return r.checkCounts()
}

// maxCount bounds what is counted, so that sums do not overflow and statistics take no time.
const maxCount = 1_000_000_000

func (r *Report) checkCounts() error {
	wrong := func(counts ...int) bool { return slices.Min(counts) < 0 || slices.Max(counts) > maxCount }
	for _, t := range r.Trials {
		if wrong(t.Sent, t.Accepted, t.Refused, t.Failed) || !(t.Rate >= 0 && t.Seconds >= 0) {
			return fmt.Errorf("a trial of %.40q has a number below 0 or above %d", t.Name, maxCount)
		}
	}
	for _, l := range r.latencies() {
		for _, q := range l.Spectrum {
			if !(q.Share >= 0 && q.Share <= 1) {
				return fmt.Errorf("a spectrum has the share %g", q.Share)
			}
		}
	}
	for _, s := range r.Seconds {
		if wrong(s.At, s.Offered, s.Accepted, s.Refused, s.Failed) {
			return fmt.Errorf("second %d has a number below 0 or above %d", s.At, maxCount)
		}
	}
	return nil
}
