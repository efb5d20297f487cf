package daemon

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"momento-bridge/printable"
	"momento-bridge/source"
)

// mostReason bounds what is shown of a dead letter's reason and status, in bytes: whoever may publish to the subject
// can write anything there.
const mostReason = 64

// letters are dead letters by what is in their headers, made printable.
type letters map[letterGroup]*letterSum

type letterGroup struct{ route, reason, status string }

type letterSum struct {
	n              int
	oldest, newest time.Time
}

func (all letters) add(l source.Letter) {
	g := letterGroup{
		printable.Bounded(l.Route, mostReason), printable.Bounded(l.Reason, mostReason),
		printable.Bounded(l.Status, mostReason),
	}
	s := all[g]
	if s == nil {
		s = &letterSum{oldest: l.Kept}
		all[g] = s
	}
	s.n++
	s.newest = l.Kept
}

// write prints a table by route, reason and status, and how many letters there are.
func (all letters) write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROUTE\tREASON\tSTATUS\tCOUNT\tOLDEST\tNEWEST")
	n := 0
	for _, g := range slices.SortedFunc(maps.Keys(all), func(a, b letterGroup) int {
		return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.reason, b.reason), cmp.Compare(a.status, b.status))
	}) {
		s := all[g]
		n += s.n
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", g.route, g.reason, g.status, s.n,
			s.oldest.UTC().Format(time.RFC3339), s.newest.UTC().Format(time.RFC3339))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d would be replayed\n", n)
	return err
}

// listLetters prints what would be replayed.
func listLetters(ctx context.Context, replays map[string]*source.Replay, w io.Writer) error {
	all := letters{}
	for _, r := range replays {
		if err := r.List(ctx, all.add); err != nil {
			return err
		}
	}
	return all.write(w)
}
