package daemon

import (
	"bytes"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"momento-bridge/condition"
	"momento-bridge/logthrottle"
)

func TestProblemsAreCountedByWhatAndWhere(t *testing.T) {
	var out bytes.Buffer
	log, problems := watchProblems(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError})))
	log.Info("fine")
	for range 3 {
		log.With("route", "a").Warn("slow", "error", errors.New("first"))
	}
	log.Error("gone", "detail", strings.Repeat("é", maxDetail))
	throttled := slog.New(logthrottle.New(log.Handler()))
	for range 11 {
		throttled.Warn("slow", "route", "a", "reason", "last", "advice", "wait")
	}
	log.Warn("slow", "route", "b")

	all := problems.list(nil)
	if len(all) != 3 || all[0].Route != "b" || all[2].Text != "gone" || all[2].Level != "error" ||
		len(all[2].Detail) > maxDetail+len("…") {
		t.Fatalf("%+v", all)
	}
	if p := all[1]; p.Count != 14 || p.Detail != "last; wait" || p.Level != "warn" || p.Last.Before(p.First) {
		t.Errorf("%+v, want 14 of them with the last detail", p)
	}
	if strings.Contains(out.String(), "slow") || !strings.Contains(out.String(), "gone") {
		t.Errorf("the log has %s, want errors alone", out.String())
	}
}

func TestTheOldestProblemIsForgotten(t *testing.T) {
	log, problems := watchProblems(slog.New(slog.DiscardHandler))
	for i := range maxProblems + 5 {
		log.Warn("problem", "route", strconv.Itoa(i))
	}
	all := problems.list(nil)
	if len(all) != maxProblems || all[maxProblems-1].Route != "5" {
		t.Errorf("%d are remembered, the oldest of route %s", len(all), all[len(all)-1].Route)
	}
}

// What has a condition is over once that is; anything else when it has not happened for a while and all is well.
func TestProblemsAreOverOnceTheyAre(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, problems := watchProblems(slog.New(slog.NewTextHandler(&out, nil)))
	log.Warn("disconnected", condition.Attribute, condition.Disconnected)
	log.Warn("odd", "route", "a")
	log.Error("messages are lost", condition.Attribute, condition.Losing)
	over := func(wait time.Duration, so bool) string {
		problems.settle(time.Now().Add(wait), func(condition.Condition, string) bool { return so })
		text := ""
		for _, p := range problems.list(nil) {
			if p.Over != nil {
				text += p.Text + " "
			}
		}
		return text
	}
	f := func(wait time.Duration, so bool, want string) {
		t.Helper()
		if got := over(wait, so); got != want {
			t.Errorf("after %v, going on %t: over are %q, want %q", wait, so, got, want)
		}
	}
	f(time.Hour, true, "")
	f(0, false, "disconnected ")
	f(2*quietAfter, false, "odd disconnected ")
	f(2*quietAfter, true, "")
	f(2*quietAfter, false, "odd disconnected ")
	log.Warn("odd", "route", "a")
	f(0, false, "disconnected ")
	if strings.Contains(out.String(), condition.Attribute) {
		t.Errorf("the log has conditions: %s", out.String())
	}
}

// What a route that goes has left behind goes with it; what it has lost is counted anew when it comes again.
func TestProblemsOfARouteGoWithIt(t *testing.T) {
	t.Parallel()
	log, problems := watchProblems(slog.New(slog.DiscardHandler))
	told := func(want string) {
		t.Helper()
		got := ""
		for _, p := range problems.list(nil) {
			got += p.Text[:4] + " " + p.Route + " " + strconv.FormatUint(p.Count, 10) + "; "
		}
		if got != want {
			t.Errorf("problems %q, want %q", got, want)
		}
	}
	now := time.Now()
	log.With("route", "stays").Warn("slow")
	problems.missed(now.Add(time.Minute), "goes", 7)
	problems.missed(now.Add(time.Minute), "goes", 7)
	told("mess goes 7; slow stays 1; ")
	problems.lineUp(nil, map[string]uint64{"goes": 2})
	problems.missed(now.Add(time.Minute), "goes", 5)
	told("mess goes 10; slow stays 1; ")
	problems.lineUp([]string{"goes"}, nil)
	told("slow stays 1; ")
	problems.missed(now.Add(time.Minute), "goes", 1)
	told("mess goes 1; slow stays 1; ")
}
