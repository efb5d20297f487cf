package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"sync"
	"time"
)

// finding is one contradiction.
type finding struct {
	Kind   string   `json:"kind"`
	Owner  string   `json:"owner"` // Whose room it is.
	Route  string   `json:"route,omitempty"`
	Places []string `json:"places,omitempty"`
	A      string   `json:"a,omitempty"`
	B      string   `json:"b,omitempty"`
	Text   string   `json:"text"`

	Seed  uint64    `json:"seed"`
	At    time.Time `json:"at"`
	After float64   `json:"after_seconds"` // The start of the run.
	Step  string    `json:"step"`          // What holds, or was over last, and for how long.
	Times int       `json:"times"`
}

// key is the same for contradictions of one kind.
func (f *finding) key() string { return f.Kind + "|" + f.Route + "|" + f.Text }

// report is all that was found. It may be used concurrently.
type report struct {
	w     *world
	began time.Time

	mu     sync.Mutex // Guards the following.
	all    map[string]*finding
	order  []string
	before map[string]int // How many ticks in a row something has looked wrong,
	now    map[string]int // this one included.
	ticks  int
	checks map[string]int
}

func newReport(w *world) *report {
	return &report{
		w: w, began: time.Now(), all: map[string]*finding{}, before: map[string]int{}, now: map[string]int{},
		checks: map[string]int{},
	}
}

// add notes a contradiction.
func (r *report) add(f *finding) {
	f.Seed, f.At, f.After = r.w.options.seed, time.Now().UTC(), time.Since(r.began).Seconds()
	f.Step = r.w.past.tell()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.w.options.verbose {
		text, _ := json.Marshal(f)
		fmt.Println(string(text))
	}
	if known := r.all[f.key()]; known != nil {
		known.Times++
		return
	}
	f.Times = 1
	r.all[f.key()] = f
	r.order = append(r.order, f.key())
}

// suspect adds a contradiction once it was there in so many ticks one after the other.
func (r *report) suspect(f *finding, ticks int) {
	r.mu.Lock()
	r.now[f.key()] = r.before[f.key()] + 1
	enough := r.now[f.key()] >= ticks
	r.mu.Unlock()
	if enough {
		r.add(f)
	}
}

// tick begins another second.
func (r *report) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before, r.now = r.now, map[string]int{}
	r.ticks++
}

// checked counts what was compared, so that a run in which nothing was does not look well.
func (r *report) checked(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks[what]++
}

// print writes each kind of contradiction, and a summary. It reports whether there is any.
func (r *report) print(out io.Writer) (failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := map[string]int{}
	for _, key := range r.order {
		f := r.all[key]
		sum[f.Kind] += f.Times
		text, _ := json.Marshal(f)
		fmt.Fprintln(out, string(text))
	}
	fmt.Fprintf(out, "\n%d seconds were looked at, with seed %d; compared:", r.ticks, r.w.options.seed)
	for _, kind := range sorted(r.checks) {
		fmt.Fprintf(out, " %s %d", kind, r.checks[kind])
	}
	fmt.Fprintf(out, "\n%d forecasts were judged by what came of them; said while messages could flow:",
		r.w.foretold.judged)
	for _, kind := range sorted(r.w.foretold.said) {
		fmt.Fprintf(out, " %s %d", kind, r.w.foretold.said[kind])
	}
	fmt.Fprintln(out)
	for _, kind := range sorted(sum) {
		fmt.Fprintf(out, "FAIL %-20s %5d\n", kind, sum[kind])
	}
	if len(sum) == 0 {
		fmt.Fprintln(out, "no contradictions")
	}
	return len(sum) > 0
}

func sorted(of map[string]int) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
