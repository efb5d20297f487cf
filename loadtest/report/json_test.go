package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
)

func jsonOf(r *Report) func(io.Writer) error {
	return func(w io.Writer) error { return WriteJSON(w, r) }
}

func TestAReportThatIsWrittenAndReadIsTheSame(t *testing.T) {
	for name, sample := range samples {
		text := written(t, jsonOf(sample()))
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			t.Fatal(name, err)
		}
		if again := written(t, jsonOf(r)); !bytes.Equal(again, text) {
			t.Errorf("%s: written again it is another one", name)
		}
		if want := tidy(sample()); !reflect.DeepEqual(r, want) {
			t.Errorf("%s: read is\n%+v\nwant\n%+v", name, r, want)
		}
	}
}

func TestMembersThatAreNotKnownAreLeftOut(t *testing.T) {
	text := strings.Replace(string(written(t, jsonOf(sampleFind()))), `"test":`, `"later_member": [1], "test":`, 1)
	if _, err := Read(strings.NewReader(text)); err != nil {
		t.Error(err)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		_, err := Read(strings.NewReader(text))
		if err == nil {
			t.Errorf("%.60s: no error", text)
			return
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%.60s: error is %q, without %q", text, err, part)
			}
		}
	}
	f("", "no report", "report.json")
	f("{} {}", "no report")
	f("[]", "no report")
	f("{}", `no "schema"`)
	f(`{"schema": 0}`, `no "schema"`)
	f(`{"schema": 2, "target": {"version": "v9.1"}}`, "schema 2", "reads 1", `"v9.1"`)
	f(`{"schema": 1, "test": "other"}`, `"other"`)
	f(`{"schema": 1, "test": "find", "verdict": "sure"}`, `"sure"`)
	f(`{"schema": 1, "test": "rate", "verdict": "proved"}`, "proves nothing")
	f(`{"schema": 1, "test": "find", "verdict": "proved"}`, "clean_rate")
	f(`{"schema": 1, "test": "find", "verdict": "proved", "clean_rate": 2, "failing_rate": 1}`, "not below")
	f(`{"schema": 1, "test": "find", "verdict": "not_proved", "clean_rate": -1}`, "-1")
	f(`{"schema": 1, "test": "find", "verdict": "not_proved", "requests": 1.5}`, "cannot be read", "requests")
	f(`{"schema": 1, "test": "find", "verdict": "not_proved", "latency": {"50%": {"spectrum": [{"share": 1.5}]}}}`,
		"share 1.5")
	f(`{"schema": 1, "test": "find", "verdict": "not_proved", "seconds": [{"at": 1, "refused": -4}]}`, "second 1")
	f(`{"schema": 1, "test": "find", "verdict": "not_proved", "trials": [{"name": "prove", "sent": -4}]}`,
		`trial of "prove"`)
	f(strings.Repeat(" ", MaxSize+1), "64 MiB")
}

func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	r := sampleFind()
	r.PlateauRate = new(math.NaN())
	for name, write := range map[string]func(io.Writer, *Report) error{
		"json": WriteJSON, "html": WriteHTML, "markdown": WriteMarkdown, "text": func(w io.Writer,
			r *Report,
		) error {
			return WriteText(w, r)
		},
	} {
		var b bytes.Buffer
		if err := write(&b, r); err == nil || b.Len() > 0 {
			t.Errorf("%s: %d bytes, error %v", name, b.Len(), err)
		}
	}
}

// FuzzRead finds reports that can be read, but not written.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":1,"test":"find","verdict":"not_proved"}`))
	f.Add([]byte(
		`{"schema":1,"test":"rate","trials":[{"name":"rate","rate":1e300}],"plateau":[{},{}],"plateau_rate":2,"latency":{"x":{"spectrum":[{"share":1}]}}}`))
	f.Add([]byte(
		`{"schema":1,"test":"find","verdict":"proved","clean_rate":1e-9,"failing_rate":2,"seconds":[{"at":1}],"trials":[{"name":"prove","rate":2,"accepted":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for name, write := range map[string]func(io.Writer, *Report) error{
			"json": WriteJSON, "html": WriteHTML, "markdown": WriteMarkdown, "text": func(w io.Writer,
				r *Report,
			) error {
				return WriteText(w, r)
			},
		} {
			if err := write(io.Discard, r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		c := Compare(r, r)
		if err := c.WriteText(io.Discard); err != nil || c.Changed() {
			t.Error(fmt.Errorf("compared with itself: %s, %w", c.Outcome, err))
		}
	})
}
