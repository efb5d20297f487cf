package status

import (
	"math"
	"strings"
	"testing"
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
)

// well are the facts of a daemon with one route, of which nothing is wrong.
func well() *Facts {
	return &Facts{
		Version: "1", Now: time.Unix(1_800_000_000, 0), NATS: NATS{
			Connected: true,
			URL:       "nats://n",
		}, Endpoint: "https://e",
		Pipeline: pipeline.Stats{
			Quotas: []pipeline.QuotaStats{{Scope: "region", Rate: math.Inf(1)}},
			Routes: []pipeline.RouteStats{{
				Name: "r", Cache: "c", State: pipeline.Running,
				LimitedBy: pipeline.ByNothing,
			}},
		},
		Routes: []Route{{Known: true, Kind: admin.KeepingUp, Forecast: "keeping up", Oldest: math.NaN()}},
	}
}

func TestStatusFollowsFromFacts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change   func(f *Facts, r *pipeline.RouteStats)
		state    admin.State
		summary  string // A part of it.
		notReady string // A part of the only reason; empty: it is ready.
	}{
		"well": {func(*Facts, *pipeline.RouteStats) {}, admin.Idle, "Idle: nothing comes", ""},
		"a backlog of which nothing is known is not all well": {func(f *Facts, _ *pipeline.RouteStats) {
			r := &f.Routes[0]
			r.Kind, r.Waiting, r.Rates.Out = admin.UnknownForecast, 448, 74
		}, admin.CatchingUp, "Publishing 74 messages/s; 448 wait, for how long is not known yet.", ""},
		"stopping": {
			func(f *Facts, _ *pipeline.RouteStats) { f.Stopping = true }, admin.Stopping,
			"Stopping: 0 messages", "stopping",
		},
		"stuck": {
			func(f *Facts, _ *pipeline.RouteStats) { f.Stuck = "the pipeline has not moved for 31s" },
			admin.Stuck, "The daemon is stuck and must be restarted: the pipeline has not", "the daemon is stuck and " +
				"must be restarted: the",
		},
		"no NATS": {
			func(f *Facts, _ *pipeline.RouteStats) { f.NATS = NATS{URL: "nats://n", Why: "refused; start it"} },
			admin.Disconnected, "Not connected to NATS at nats://n, still trying: nothing can be taken over. " +
				"refused; start it.",
			"nats: not connected: refused; start it",
		},
		"no key": {
			func(f *Facts, _ *pipeline.RouteStats) {
				f.Key.Missing, f.Pipeline.KeyMissing, f.Pipeline.KeyRefused = "no key; see the vendor", true, true
			},
			admin.KeyRefused, "Nothing is published: no key; see the vendor.", "key: no key; see the vendor",
		},
		"key refused": {
			func(f *Facts, _ *pipeline.RouteStats) { f.Pipeline.KeyRefused, f.Pipeline.Why = true, "401 oh" },
			admin.KeyRefused, "The endpoint refuses the API key (401 oh), so nothing is published. Put a valid key " +
				"into the key file or MOMENTO_API_KEY.",
			"endpoint: the API key is refused: 401 oh; put a valid key into the key file",
		},
		"vended key refused": {
			func(f *Facts, _ *pipeline.RouteStats) {
				f.Pipeline.KeyRefused, f.Pipeline.Why, f.Key.Vended, f.Key.Trouble = true, "401", true, "timeout"
			},
			admin.KeyRefused, "(401; no newer one could be had: timeout), so nothing is published. Check what " +
				"momento.api_key_url answers.",
			"the API key is refused: 401; no newer one could be had: timeout; check what momento.api_key_url answers",
		},
		"endpoint down": {
			func(f *Facts, _ *pipeline.RouteStats) { f.Pipeline.Down, f.Pipeline.Why = true, "503" },
			admin.Down, "The endpoint is down (503), so nothing is published; it is tried once a second. Check " +
				"https://e and the network.",
			"endpoint: down: 503; check the endpoint and the network",
		},
		"no stream": {
			func(f *Facts, _ *pipeline.RouteStats) { f.Routes[0].NotReady = "stream S does not exist" },
			admin.Parked, "The route is standing still: r: stream S does not exist.",
			"route r: stream S does not exist",
		},
		"starved": {
			func(f *Facts, _ *pipeline.RouteStats) { f.Routes[0].Starved = "another client holds all" },
			admin.Parked, "r: another client holds all", "",
		},
		"no cache": {
			func(_ *Facts, r *pipeline.RouteStats) { r.State, r.CacheMissing = pipeline.Parked, true },
			admin.Parked, "r: the cache c does not exist; create it", "route r: the cache c does not exist; create it",
		},
		"forbidden": {
			func(_ *Facts, r *pipeline.RouteStats) { r.State, r.Forbidden = pipeline.Parked, 2 },
			admin.Parked, "r: the API key may not publish to the topics; grant", "route r: the API key may not " +
				"publish to the topics; grant",
		},
		"forbidden in part": {
			func(_ *Facts, r *pipeline.RouteStats) {
				r.Forbidden, r.ForbiddenTopics, r.ForbiddenHeld, r.Aside, r.AsideTopics = 2, []string{"a", "b"}, 7, 7, 2
			},
			admin.Degraded, "A part does not flow: r: the API key may not publish to 2 of its topics (a, b), with " +
				"7 messages waiting for them; grant the permission or choose other topics. The rest: Idle", "",
		},
		"a partition forbidden": {
			func(_ *Facts, r *pipeline.RouteStats) { r.HaltedParts, r.Parts = 1, 4 },
			admin.Degraded, "A part does not flow: r: 1 of 4 partitions: all that is published is refused", "",
		},
		"put aside": {
			func(_ *Facts, r *pipeline.RouteStats) { r.Aside, r.AsideTopics = 3, 3 },
			admin.Degraded, "Idle: nothing comes and nothing waits. Messages put aside, as the endpoint refuses them " +
				"again and again: r: 3", "",
		},
		"forbidden in part, and lost": {
			func(f *Facts, r *pipeline.RouteStats) { r.Forbidden, f.Routes[0].Lost = 2, 3 },
			admin.Losing, "A part does not flow: r: the API key may not publish to 2 of its topics, with", "",
		},
		"rejecting": {
			func(_ *Facts, r *pipeline.RouteStats) { r.Rejecting = "400\noh" },
			admin.Parked, "r: the endpoint rejects whatever it publishes: 400 oh; check",
			"route r: the endpoint rejects",
		},
		"left alone": {
			func(f *Facts, r *pipeline.RouteStats) { r.LeftAlone, r.LeftAloneWhy = f.Now, "503" },
			admin.Parked, "r: the endpoint asks for a long pause (Retry-After, with 503)",
			"route r: the endpoint asks",
		},
		"dead letters not kept": {
			func(_ *Facts, r *pipeline.RouteStats) { r.Unkept, r.UnkeptWhy = 1, "the stream is full" },
			admin.Parked, "r: 1 message waits to be kept as a dead letter: the stream is full",
			"route r: 1 message waits",
		},
		"paused": {
			func(_ *Facts, r *pipeline.RouteStats) { r.State = pipeline.Paused },
			admin.Paused, "The route is paused by an operator.", "",
		},
		"behind": {
			func(f *Facts, _ *pipeline.RouteStats) {
				f.Routes[0].Kind, f.Routes[0].Drain, f.Routes[0].Forecast = admin.Never, math.Inf(1),
					"never: arrivals 9/s"
			},
			admin.Behind, "Messages come faster than they can be published: 0 wait. r: never: arrivals 9/s.", "",
		},
		"losing": {
			func(f *Facts, _ *pipeline.RouteStats) {
				f.Routes[0].Lost, f.Routes[0].LostWhy = 3, "the buffer is full"
			},
			admin.Losing, "Messages are lost: r: 3 in 15 s, the buffer is full. Idle", "",
		},
	} {
		f := well()
		tt.change(f, &f.Pipeline.Routes[0])
		s := Of(f)
		if s.State != tt.state || !strings.Contains(s.Summary, tt.summary) {
			t.Errorf("%s: %s: %s\nwant %s: %s", name, s.State, s.Summary, tt.state, tt.summary)
		}
		reasons := strings.Join(s.NotReady, "\n")
		if s.Ready != (tt.notReady == "") || !strings.Contains(reasons, tt.notReady) || len(s.NotReady) > 1 {
			t.Errorf("%s: ready %v, %q, want %q", name, s.Ready, s.NotReady, tt.notReady)
		}
	}
}

func TestRouteThatNATSGivesNothingIsLimitedByIt(t *testing.T) {
	t.Parallel()
	f := well()
	f.Routes[0].Starved = "another client holds all"
	if r := Of(f).Routes[0]; r.LimitedBy != "nats" || !strings.HasPrefix(r.Forecast, "not known") {
		t.Errorf("limited by %s, forecast %s", r.LimitedBy, r.Forecast)
	}
}
