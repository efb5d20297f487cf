package demo

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDemoWaitsAsLongAsTheQuotaExplains(t *testing.T) {
	t.Parallel()
	const published, quota = 300, 10.0
	steadily := func(perSecond float64, most int) func(time.Duration) int {
		return func(d time.Duration) int { return min(most, int(d.Seconds()*perSecond)) }
	}
	for name, tt := range map[string]struct {
		delivered   func(time.Duration) int // So long after the time is up.
		quota       float64
		stop        time.Duration // When Ctrl-C comes; 0: it does not.
		want        bool
		least, most time.Duration
	}{
		"at the quota":             {steadily(10, 300), quota, 0, true, 30 * time.Second, 31 * time.Second},
		"in batches":               {steadily(100, 300), quota, 0, true, 3 * time.Second, 4 * time.Second},
		"at half the quota":        {steadily(5, 300), quota, 0, true, time.Minute, 61 * time.Second},
		"at less than that":        {steadily(1, 300), quota, 0, false, 2 * time.Minute, 121 * time.Second},
		"never more than a part":   {steadily(10, 100), quota, 0, false, 40 * time.Second, 41 * time.Second},
		"nothing, at a tiny quota": {steadily(0, 0), .1, 0, false, time.Minute, 61 * time.Second},
		"without a quota":          {steadily(100, 300), 0, 0, true, 3 * time.Second, 4 * time.Second},
		"nothing at all":           {steadily(0, 0), quota, 0, false, 30 * time.Second, 31 * time.Second},
		"until somebody has had enough": {
			steadily(1, 300), quota, 7 * time.Second, false, 7 * time.Second,
			8 * time.Second,
		},
		"everything is there": {steadily(0, 0), 0, 0, true, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, stop, all := time.Now(), make(chan struct{}), published
				if name == "everything is there" {
					all = 0
				}
				if tt.stop > 0 {
					time.AfterFunc(tt.stop, func() { close(stop) })
				}
				var shown []string
				w := waiting{quota: tt.quota, tries: 3, stop: stop, sum: func() sums {
					n := tt.delivered(time.Since(began))
					return sums{published: all, delivered: n, streamLeft: all - n}
				}, show: func(lines ...string) { shown = append(shown, lines...) }}
				if got := w.run(); got != tt.want {
					t.Errorf("everything was delivered: %v, want %v", got, tt.want)
				}
				took := time.Since(began)
				if took < tt.least || took > tt.most {
					t.Errorf("it waits for %v, want between %v and %v", took, tt.least, tt.most)
				}
				if lines := int(took.Seconds()); len(shown) < lines*9/10 || len(shown) > lines+1 {
					t.Errorf("%d lines are shown in %v: %q", len(shown), took, shown[:min(3, len(shown))])
				}
			})
		})
	}
}

func TestDemoSaysHowLongItWillTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var shown []string
		w := waiting{quota: 10, tries: 3, sum: func() sums {
			n := int(10 * time.Since(began).Seconds())
			return sums{published: 100, delivered: n, coreLeft: 100 - n}
		}, show: func(lines ...string) { shown = append(shown, lines...) }}
		w.run()
		if want := "waiting for 100 messages on the way: about 10s at the quota of 10 publishes/s"; shown[0] != want {
			t.Errorf("first it says %q, want %q", shown[0], want)
		}
		if !slices.ContainsFunc(shown, func(line string) bool {
			return strings.HasPrefix(line, "waiting for 50 messages on the way, delivered at ") &&
				strings.HasSuffix(line, "about 5s more")
		}) {
			t.Errorf("halfway it does not say that 5 s are left: %q", shown)
		}
	})
}

func TestDemoCallsLostOnlyWhatNobodyHas(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    sums
		want error
	}{
		"all":          {sums{published: 9, delivered: 9}, nil},
		"on the way":   {sums{published: 9, delivered: 5, streamLeft: 4}, errLeft},
		"some of both": {sums{published: 9, delivered: 5, streamLeft: 3, coreLeft: 1, lost: 1}, errLost},
	} {
		if err := tt.s.problem(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestDemoNeverPromisesToEndInNoTime(t *testing.T) {
	t.Parallel()
	w := waiting{quota: 300}
	for _, got := range []string{w.line(1, 0), w.line(1, 50)} {
		if !strings.Contains(got, "about 1s") {
			t.Errorf("%q does not say about 1s", got)
		}
	}
}
