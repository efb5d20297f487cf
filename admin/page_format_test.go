package admin

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestValuesAreWrittenForPeople(t *testing.T) {
	now := time.Date(2026, 11, 25, 17, 36, 4, 0, time.UTC)
	f := func(format string, v any, want string) {
		t.Helper()
		if got := strings.ReplaceAll(formats[format](v, now), unit, "~"); got != want {
			t.Errorf("%s of %v = %q, want %q", format, v, got, want)
		}
	}
	f("count", 0, "0")
	f("count", uint64(1234567), "1 234 567")
	f("rate", 0.0, "0")
	f("rate", 0.004, "0.00")
	f("rate", 0.125, "0.13")
	f("rate", 9.95, "10.0")
	f("rate", 12345.6, "12 346")
	f("rate", (*float64)(nil), "no limit")
	f("latency", new(0.00042), "0.42~ms")
	f("latency", new(0.0421), "42~ms")
	f("latency", new(2.5), "2.50~s")
	f("latency", (*float64)(nil), "–")
	f("bytes", 1023, "1 023~B")
	f("bytes", int64(64<<20), "64.0~MiB")
	f("since", now.Add(-59*time.Second), "59~s")
	f("since", now.Add(-26*time.Hour), "1~d 2~h")
	f("ago", now.Add(time.Second), "0~s ago")
	f("whose", "", "all")
	f("limit", "", "nothing")
	f("limit", "order", "order within topics")
	f("limits", []Route{{LimitedBy: "quota"}, {LimitedBy: "nothing"}, {LimitedBy: "quota"}}, "quota")
	f("forecast", []Route{{DrainSeconds: new(0.0)}, {DrainSeconds: new(90.0)}}, "drained in 1~min 30~s")
	f("forecast", []Route{{DrainSeconds: nil}, {DrainSeconds: new(90.0)}}, "never drained")
	f("force", Quota{Scope: "throughput", Rate: new(5e6)}, "4.8~MiB/s")
	f("learned", Quota{Scope: "region", Learned: 10}, "10.0/s")
	f("expiry", Key{Expires: &now, Vended: true}, "expired 0~s ago, replaced before (2026-11-25 17:36:04)")
}

// formatCase is a value and how Go writes it.
type formatCase struct {
	Format string    `json:"format"`
	Value  any       `json:"value"`
	Now    time.Time `json:"now"`
	Text   string    `json:"text"`
}

// The script must write what the server writes, or the page would change without a reason when the script begins.
func TestScriptWritesValuesAsTheServerDoes(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not on the PATH; CI has it")
	}
	rng := rand.New(rand.NewPCG(6, 1))
	var cases []formatCase
	for range 400 {
		now := time.Unix(1_790_000_000, rng.Int64N(1e9)).UTC()
		for format, v := range randomValues(rng, now) {
			cases = append(cases, formatCase{format, v, now, formats[format](v, now)})
		}
	}
	for word := range tones {
		cases = append(cases, formatCase{"tone", word, time.Time{}, tone(word)})
	}
	for _, state := range States {
		cases = append(cases, formatCase{"tone", state, time.Time{}, tone(state)})
	}
	for _, r := range []Route{
		{State: "running"},
		{State: "running", Reason: "no stream"},
		{State: "parked", Reason: "no cache"},
	} {
		cases = append(cases, formatCase{"tone", r, time.Time{}, tone(r)})
	}
	cases = append(cases, formatCase{"tone", "anything", time.Time{}, tone("anything")})
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "--input-type=module", "-e", `
		import { readFileSync } from 'node:fs';
		const { formats, tone } = await import('data:text/javascript,' + encodeURIComponent(readFileSync('page/format.js', 'utf8')));
		for (const c of JSON.parse(readFileSync(0, 'utf8'))) {
			const text = c.format === 'tone' ? tone(c.value) : formats[c.format](c.value, c.now);
			if (text !== c.text) console.log(c.format, JSON.stringify(c.value), c.now, 'is', text, 'in JavaScript and', c.text, 'in Go');
		}`)
	cmd.Stdin = strings.NewReader(string(input))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%.2000s", err, out)
	}
}

// randomValues returns a value for each format. Many numbers are such that the last digit shown is a matter of
// rounding.
func randomValues(rng *rand.Rand, now time.Time) map[string]any {
	number := func() float64 {
		n := math.Pow(10, rng.Float64()*14-5)
		if rng.IntN(3) == 0 {
			n = math.Round(n*200) / 200
		}
		if rng.IntN(20) == 0 {
			return 0
		}
		return n
	}
	maybe := func() *float64 {
		if rng.IntN(10) == 0 {
			return nil
		}
		return new(number())
	}
	instant := func() time.Time {
		return now.Add(time.Duration((rng.Float64() - 0.8) * math.Pow(10, 9+rng.Float64()*7)))
	}
	limits := []string{
		"", "nothing", "quota", "connections", "order", "backoff", "endpoint", "key", "cache",
		"permission", "rejected", "pause",
	}
	routes := make([]Route, rng.IntN(4))
	for i := range routes {
		routes[i] = Route{LimitedBy: limits[rng.IntN(len(limits))], DrainSeconds: maybe()}
	}
	quota := Quota{Scope: []string{"region", "throughput"}[rng.IntN(2)], Rate: maybe(), Learned: number()}
	key := Key{Vended: rng.IntN(2) == 0}
	if rng.IntN(5) > 0 {
		expires := instant()
		key.Expires = &expires
	}
	return map[string]any{
		"text": "a_b", "words": "a_b_c", "count": rng.Uint64N(1 << 50), "rate": maybe(), "latency": maybe(),
		"bytes": int64(number()), "drain": maybe(),
		"stamp": instant(), "clock": instant(), "ago": instant(), "since": instant(), "limit": limits[rng.IntN(
			len(limits))], "limits": routes, "forecast": routes,
		"force": quota, "learned": quota, "expiry": key, "whose": []string{"", "orders"}[rng.IntN(2)],
		"ready": []string{"nats: away", "route a: no stream"}[:rng.IntN(3)],
	}
}

func TestEveryFormatIsComparedWithTheScript(t *testing.T) {
	values := randomValues(rand.New(rand.NewPCG(1, 1)), time.Now())
	for format := range formats {
		if _, ok := values[format]; !ok {
			t.Errorf("%s is not compared", format)
		}
	}
}
