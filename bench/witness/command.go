package main

import (
	"context"
	"regexp"
	"strings"
)

var (
	headline = regexp.MustCompile(`^\S+ ([a-z ]+): `)
	columns  = regexp.MustCompile(` {2,}`)
)

// commanded compares what `status` prints with the status, and asks again where they differ: what changes at that very
// moment, and back, is no contradiction.
func (w *world) commanded(ctx context.Context, o *observation) []contradiction {
	all := commanded(o)
	for range 2 {
		if len(all) == 0 {
			return nil
		}
		again, ok := w.observe(ctx, true)
		if !ok || again.text == "" {
			return nil
		}
		all = commanded(again)
	}
	return all
}

// commanded compares what `status` prints with what the status said before and after it.
func commanded(o *observation) (all []contradiction) {
	say := func(route, text string, a, b any) {
		all = append(all, contradiction{"command", "ctl", route, text, a, b})
	}
	lines := strings.Split(o.text, "\n")
	m := headline.FindStringSubmatch(lines[0])
	if m == nil {
		say("", "`status` does not begin with the state", lines[0], o.before.State)
		return all
	}
	if o.before.State == o.after.State && m[1] != strings.ReplaceAll(o.before.State, "_", " ") {
		say("", "`status` says another state", lines[0], o.before.State)
	}
	exits := map[string]int{"flows": 0, "degraded": 1, "stands_still": 2}
	if want, known := exits[o.before.Verdict]; known && o.before.Verdict == o.after.Verdict && o.exit != want {
		say("", "`status` ends with another exit status", o.exit, o.before.Verdict)
	}
	var heads []string
	for _, line := range lines {
		fields := columns.Split(strings.TrimSpace(line), -1)
		if fields[0] == "ROUTE" {
			heads = fields
			continue
		}
		r, after := o.before.route(fields[0]), o.after.route(fields[0])
		if r == nil || after == nil || len(fields) != len(heads) {
			continue
		}
		for i, head := range heads {
			var least, most int
			switch head {
			case "PUBLISHED":
				least, most = r.Settled["published"], after.Settled["published"]
			case "LOST":
				least, most = r.LostTotal, after.LostTotal
			case "DEAD":
				least, most = r.Settled["dead_lettered"], after.Settled["dead_lettered"]
			case "STATE":
				if r.State == after.State && fields[i] != r.State {
					say(r.Name, "`status` says another state of the route", fields[i], r.State)
				}
				continue
			default:
				continue
			}
			if outside(number(fields[i]), least, most) {
				say(r.Name, "`status` has another "+head, fields[i], []int{least, most})
			}
		}
	}
	if heads == nil && len(o.before.Routes) > 0 {
		say("", "`status` has no table", o.text, "")
	}
	return all
}
