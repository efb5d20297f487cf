package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

// plant is a fault that somebody must hear of.
type plant struct {
	name  string
	rules rules
}

var plants = []plant{
	{"loss", rules{swallow: true}},
	{"delay 5s", rules{late: 5 * time.Second}},
	{"refusal 400", rules{refuse: http.StatusBadRequest}},
	{"refusal 403", rules{refuse: http.StatusForbidden}},
	{"subscriber refused 403", rules{deaf: http.StatusForbidden}},
	{"subscriber failed 500", rules{deaf: http.StatusInternalServerError}},
	{"subscriber cut off", rules{cut: true}},
	{"subscriber without answer", rules{mute: true}},
}

// run plants it again and again, at any moment, and prints how long it took to be told.
func (p *plant) run(ctx context.Context, l *lab.Lab, nats *lab.NATS, o *options) (failed bool, err error) {
	w, err := newWorld(ctx, l, nats, strings.ReplaceAll(p.name, " ", "-"), o)
	if err != nil {
		return true, err
	}
	var took []time.Duration
	states := map[string]int{}
	for range o.rounds {
		sleep(ctx, time.Duration(rand.Int64N(int64(o.every))))
		w.proxy.set(p.rules)
		planted := time.Now()
		told := ""
		err := lab.Await(ctx, o.every+time.Minute, p.name+" is told", func() bool {
			c, _ := w.says()
			told = c.State
			return alarms[told]
		})
		if err != nil {
			return true, err
		}
		took = append(took, time.Since(planted))
		states[told]++
		w.proxy.set(rules{})
		if err := w.well(ctx); err != nil {
			return true, err
		}
	}
	slices.Sort(took)
	worst := took[len(took)-1]
	verdict := "ok"
	if worst > o.within {
		verdict, failed = "MISS", true
	}
	fmt.Printf("%-4s %-26s told %d of %d, median %5.1f s, slowest %5.1f s, as %v\n", verdict, p.name, len(took),
		o.rounds, took[len(took)/2].Seconds(), worst.Seconds(), states)
	return failed, nil
}
