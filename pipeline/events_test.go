package pipeline

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Each message that is not published is in the log: the first at once, what follows as a number soon after.
func TestLogTellsOfEveryMessageThatCannotBePublished(t *testing.T) {
	for want, route := range map[string]RouteConfig{
		`level=WARN msg="a message can never be published: it is kept as a dead letter"`:                    {Name: "r", DeadLetters: keeperFunc(func() error { return nil })},
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
