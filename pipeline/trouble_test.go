package pipeline_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// Troubles are counted one by one, whatever the log leaves out, and are over once they are.
func TestTroublesAreCountedAndEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &refusing{seen: map[string]bool{}}
		began := time.Now()
		p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{Name: "r", MaxPayload: 5}}}, s)
		trouble := func(text string) pipeline.Trouble {
			for _, trouble := range p.Stats().Troubles {
				if strings.Contains(trouble.Text, text) {
					return trouble
				}
			}
			return pipeline.Trouble{}
		}
		for range 24 {
			p.Route(0).Submit(bytesOf("t", "too large", 0))
			time.Sleep(time.Second)
		}
		const rejected = "can never be published"
		if got := trouble(rejected); got.Count != 24 || got.First.Sub(began) != 0 ||
			got.Last.Sub(began) != 23*time.Second ||
			!got.Over.IsZero() || got.Route != "r" || !got.Error {
			t.Errorf("%+v, want 24 since the start", got)
		}
		time.Sleep(2 * time.Minute)
		if got := trouble(rejected); got.Count != 24 || !got.Over.Equal(got.Last) {
			t.Errorf("%+v, want it over since the last one", got)
		}
		p.Route(0).Submit(bytesOf("t", "too large", 0))
		synctest.Wait()
		if got := trouble(rejected); got.Count != 25 || !got.Over.IsZero() {
			t.Errorf("%+v, want it going on", got)
		}

		const key = "refuses the API key"
		s.set(answer(pipeline.HaltAll, pipeline.Result401, 401))
		p.Route(0).Submit(bytesOf("t", "1", 0))
		synctest.Wait()
		if got := trouble(key); got.Count != 1 || !got.Over.IsZero() {
			t.Errorf("%+v, want it to last", got)
		}
		time.Sleep(time.Hour)
		if got := trouble(key); got.Count != 1 || got.Over.IsZero() {
			t.Errorf("%+v, want it over", got)
		}
		stop()
	})
}
