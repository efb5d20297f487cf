package pipeline

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Each message that is not published is in the log: the first at once, what follows as a number soon after.
func TestLogTellsOfEveryMessageThatCannotBePublished(t *testing.T) {
	for want, route := range map[string]RouteConfig{
		`level=WARN msg="a message can never be published: it is kept as a dead letter"`:                     {Name: "r", DeadLetters: keeperFunc(func() error { return nil })},
		`level=ERROR msg="a message can never be published and the route has no dead_letter: it is dropped"`: {Name: "r"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			p := build(Config{Workers: 1, Routes: []RouteConfig{route}}, fakeSink(func(*Request) Answer {
				return Answer{Verdict: Reject, Result: Result400, Status: 400, Reason: "bad_request", Detail: "why"}
			}))
			p.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
			var running sync.WaitGroup
			running.Go(func() { p.Run(t.Context()) })
			for i := range 5 {
				p.Route(0).Submit(message("t", i))
			}
			synctest.Wait()
			first := want + ` route=r detail="bad_request: why"` + "\n"
			if log.String() != first {
				t.Errorf("at first the log has\n%swant\n%s", log.String(), first)
			}
			for range 30 {
				time.Sleep(time.Second)
				p.TellRepeats()
			}
			if rest := strings.TrimSuffix(first, "\n") + " not_logged_before=3\n"; log.String() != first+rest {
				t.Errorf("after a while the log has\n%swant\n%s%s", log.String(), first, rest)
			}
			p.Route(0).Close()
			running.Wait()
		})
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// At a quota that is used up refusals come now and then for ever. They are told of more and more rarely, until they have been away.
func TestRefusalsForQuotaDoNotFillTheLog(t *testing.T) {
	var n eventNotes
	now := time.Now()
	lines := func(kind eventKind, span, every time.Duration) (count int) {
		for end := now.Add(span); now.Before(end); now = now.Add(every) {
			n.note(now, event{kind: kind})
			count += len(n.waiting)
			n.waiting = nil
		}
		return count
	}
	if first := lines(eventQuotaRefused, time.Minute, 2*time.Second); first != 3 { // After 0, 10 and 30 s.
		t.Errorf("%d lines in the first minute, want 3", first)
	}
	lines(eventQuotaRefused, time.Hour, 2*time.Second)
	if later := lines(eventQuotaRefused, time.Hour, 2*time.Second); later < 5 || later > 7 {
		t.Errorf("%d lines in an hour, want one each ten minutes", later)
	}
	now = now.Add(time.Hour)
	if first := lines(eventQuotaRefused, time.Minute, 2*time.Second); first != 3 {
		t.Errorf("%d lines in the first minute after an hour without refusals, want 3", first)
	}
	log := ""
	for range 1000 { // Each refusal is over after a while that differs.
		for _, kind := range [...]eventKind{eventQuotaRefused, eventQuotaAccepted} {
			now = now.Add(time.Duration(rand.IntN(5000)) * time.Millisecond)
			n.note(now, event{kind: kind})
			for range n.waiting {
				log += map[eventKind]string{eventQuotaRefused: "<", eventQuotaAccepted: ">"}[kind]
			}
			n.waiting = nil
		}
	}
	if strings.ReplaceAll(log, "<>", "") != "" || len(log) < 10 {
		t.Errorf("the log begins and ends refusals so: %s", log)
	}
	if down := lines(eventEndpointDown, time.Hour, 20*time.Second); down != 180 {
		t.Errorf("%d lines of an endpoint that goes down 180 times", down)
	}
}
