package report

import (
	"bytes"
	"encoding/csv"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// logged is a distribution with its histogram.
func logged(t *testing.T, seed uint64, began, seconds float64) (Latency, *hdrhistogram.Histogram) {
	t.Helper()
	h := hdrhistogram.New(1, int64(2*time.Minute/time.Microsecond), 2)
	random := rand.New(rand.NewPCG(seed, 3))
	for range 5000 {
		if err := h.RecordValue(1 + int64(100_000*random.ExpFloat64())); err != nil {
			t.Fatal(err)
		}
	}
	text, err := h.EncodeV2()
	if err != nil {
		t.Fatal(err)
	}
	return Latency{
		Count: int(h.TotalCount()), Max: new(float64(h.Max()) / 1e6), Histogram: string(text), Began: began,
		Seconds: seconds,
	}, h
}

func TestTheIntervalLogIsReadByHdrHistogram(t *testing.T) {
	t.Parallel()
	r := sampleFind()
	r.Started = r.Started.Add(345 * time.Millisecond)
	want := map[string]*hdrhistogram.Histogram{}
	l, h := logged(t, 1, 12.5, 8)
	service, hs := logged(t, 2, 12.5, 8)
	l.Service = &service
	want["50-of-clean-response"], want["50-of-clean-service"] = h, hs
	r.Latency = map[string]Latency{"50%": l, "80%": latency(1, 50, 0.01, 0.2, 3), "95%": {
		Count:     3,
		Histogram: "HIST,evil",
	}}
	r.Generator.SendDelay, want["generator-send-delay"] = logged(t, 3, 0, 208)
	paths, err := WriteAll(t.TempDir(), r)
	if err != nil || !strings.Contains(strings.Join(paths, " "), "times.hlog") {
		t.Fatalf("%v: written are %q", err, paths)
	}
	reader := hdrhistogram.NewHistogramLogReader(bytes.NewReader(written(t, func(w io.Writer) error {
		return WriteHLog(w, r)
	})))
	for range len(want) {
		got, err := reader.NextIntervalHistogram()
		if err != nil || got == nil || want[got.Tag()] == nil {
			t.Fatalf("%v: %+v", err, got)
		}
		if !got.Equals(want[got.Tag()]) {
			t.Errorf("%s is another histogram", got.Tag())
		}
		began, took := r.Started.UnixMilli(), int64(208_000)
		if got.Tag() != "generator-send-delay" {
			began, took = began+12_500, 8000
		}
		if off := got.StartTimeMs() - began; off < -1 || off > 1 || got.EndTimeMs()-got.StartTimeMs()-took > 1 {
			t.Errorf("%s is from %d to %d, want from %d on for %d ms", got.Tag(), got.StartTimeMs(), got.EndTimeMs(),
				began, took)
		}
		delete(want, got.Tag())
	}
	if got, err := reader.NextIntervalHistogram(); got != nil || err != nil || len(want) > 0 {
		t.Errorf("%v: left over are %v and %v", err, got, want)
	}
}

// rowsOf reads CSV strictly.
func rowsOf(t *testing.T, write func(io.Writer, *Report) error, r *Report) [][]string {
	t.Helper()
	text := written(t, func(w io.Writer) error { return write(w, r) })
	if lines := bytes.Count(text, []byte("\n")); lines != bytes.Count(text, []byte("\r\n")) {
		t.Error("a line does not end as RFC 4180 has it")
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheTablesForSpreadsheetsHoldTheReport(t *testing.T) {
	t.Parallel()
	for name, sample := range samples {
		r := sample()
		rows := rowsOf(t, WriteSecondsCSV, r)
		if len(rows) != len(r.Seconds)+1 || rows[0][2] != "offered (publishes)" {
			t.Fatalf("%s: %d rows, %q", name, len(rows), rows[0])
		}
		for i, s := range r.Seconds {
			for column, n := range map[int]int{1: s.At, 2: s.Offered, 3: s.Accepted, 4: s.Refused, 5: s.Failed} {
				if rows[i+1][column] != strconv.Itoa(n) {
					t.Errorf("%s, second %d: %q, want %+v", name, i, rows[i+1], s)
				}
			}
		}
		rows = rowsOf(t, WriteTrialsCSV, r)
		if len(rows) != len(r.Trials)+1 {
			t.Fatalf("%s: %d rows", name, len(rows))
		}
		for i, trial := range r.Trials {
			row := rows[i+1]
			if rate, err := strconv.ParseFloat(row[1], 64); err != nil || rate != trial.Rate || row[0] != trial.Name ||
				row[5] != strconv.Itoa(trial.Accepted) || row[11] != strconv.FormatBool(trial.Passed) ||
				row[12] != trial.Unfit {
				t.Errorf("%s: %q, want %+v", name, row, trial)
			}
		}
	}
}

func TestNoCellOfATableIsAFormula(t *testing.T) {
	t.Parallel()
	r := sampleFind()
	r.Trials = []Trial{{Name: "=1+1", Unfit: "@SUM(A1)\r\n\"x\",y"}}
	row := rowsOf(t, WriteTrialsCSV, r)[1]
	if row[0] != "'=1+1" || !strings.HasPrefix(row[12], "'@SUM") || strings.Contains(row[12], "\n") {
		t.Errorf("%q", row)
	}
}
