package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"momento-bridge/loadtest"
	"momento-bridge/loadtest/figure"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/trials"
	"momento-bridge/userinfo"
)

// resumeFlag is that of a search that goes on where another one was ended.
type resumeFlag struct {
	dir  string
	file *trials.File // nil: a new search.
}

// notOfTheSearch are the flags that may be others, or are not asked for again, when a search goes on.
var notOfTheSearch = []string{"resume", "out", "format", "yes", "expect", "max-requests", "max-duration"}

func (r *resumeFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.dir, "resume", "",
		"go on with the search whose trials are in this `directory`, with the flags that it had")
}

// open reads the trials, if there are any to go on with, and takes over the flags that are not given.
func (r *resumeFlag) open(cmd *cobra.Command, o *outputFlags) error {
	if r.dir == "" {
		return nil
	}
	var err error
	if r.file, err = trials.Open(r.dir); err != nil {
		return &usageError{fmt.Errorf("--resume: %w", err)}
	}
	if o.dir == "" {
		o.dir = r.dir
	}
	for name, values := range r.file.Header.Flags {
		if err := takeOver(cmd, name, values); err != nil {
			return &usageError{fmt.Errorf("--resume %s: %w", r.dir, err)}
		}
	}
	return nil
}

// takeOver sets a flag as it was, unless it is given.
func takeOver(cmd *cobra.Command, name string, values []string) error {
	f := cmd.Flags().Lookup(name)
	switch {
	case f == nil:
		return fmt.Errorf("the search had the flag --%s, which is not known: begin a new one, with --out", name)
	case f.Changed:
		return nil
	}
	f.Changed = true
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.Replace(values)
	}
	return f.Value.Set(strings.Join(values, ","))
}

// given are the flags of the search, which a later one takes over. One with a password, as that of a server may be, is
// kept nowhere.
func given(cmd *cobra.Command) map[string][]string {
	all := map[string][]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(notOfTheSearch, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if !slices.ContainsFunc(values, func(v string) bool { return userinfo.Hide(v) != v }) {
			all[f.Name] = values
		}
	})
	return all
}

// check refuses to go on with another search.
func (r *resumeFlag) check(cfg *loadtest.FindConfig) error {
	if r.file == nil {
		return nil
	}
	differ, err := cfg.Differs(r.file)
	if err == nil && len(differ) > 0 {
		err = fmt.Errorf("it was another search:\n  %s\nleave out the flags that it did not have, or begin a new "+
			"one, with --out", strings.Join(differ, "\n  "))
	}
	if err != nil {
		return &usageError{fmt.Errorf("--resume %s: %w", r.dir, err)}
	}
	return nil
}

// limit makes a search go on as it began, and lowers what a new one may do.
func (r *resumeFlag) limit(cfg *loadtest.FindConfig) {
	if r.file != nil {
		cfg.Resume(r.file)
		return
	}
	cfg.Limit()
}

// lines say what the search goes on with.
func (r *resumeFlag) lines() []loadtest.Line {
	f := r.file
	if f == nil {
		return nil
	}
	return []loadtest.Line{{Name: "goes on", Text: fmt.Sprintf("with %s trials of %s, which began %s and took %s",
		figure.Count(f.Trials()), r.dir, f.Header.Began.Format("2006-01-02 15:04 UTC"), figure.Duration(f.Seconds()))}}
}

// keep begins the file of a new search whose report goes to a directory.
func (r *resumeFlag) keep(cmd *cobra.Command, cfg *loadtest.FindConfig, asked json.RawMessage, o *outputFlags) error {
	if r.file != nil || o.dir == "" {
		return nil
	}
	if err := cfg.Keep(o.dir, asked, given(cmd)); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	r.file, r.dir = cfg.Trials, o.dir
	return nil
}

// end closes the file, and says how to go on with an interrupted search.
func (r *resumeFlag) end(w io.Writer, found *report.Report) {
	if r.file == nil {
		return
	}
	err := r.file.Close()
	r.file = nil
	if err != nil {
		fmt.Fprintf(w, "! %v\n", err)
	} else if found.Interrupted {
		fmt.Fprintf(w, "go on with it: momento-bridge loadtest find --resume %s\n", report.Shell(r.dir))
	}
}

// release lets others have the file of a search that has not got to its end.
func (r *resumeFlag) release() {
	if r.file != nil {
		_ = r.file.Close()
	}
}
