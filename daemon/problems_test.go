package daemon

import (
	"bytes"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
)

func TestProblemsAreCountedByWhatAndWhere(t *testing.T) {
	var out bytes.Buffer
	log, problems := watchProblems(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError})))
	log.Info("fine")
	for range 3 {
		log.With("route", "a").Warn("slow", "error", errors.New("first"))
	}
	log.Error("gone", "detail", strings.Repeat("é", maxDetail))
	log.Warn("slow", "route", "a", "reason", "last", "not_logged_before", 10, "advice", "wait")
	log.Warn("slow", "route", "b")

	all := problems.list()
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
	all := problems.list()
	if len(all) != maxProblems || all[maxProblems-1].Route != "5" {
		t.Errorf("%d are remembered, the oldest of route %s", len(all), all[len(all)-1].Route)
	}
}
