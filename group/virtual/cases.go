package virtual

import (
	"math"
	"slices"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline/quota"
)

// Case is a world of which figures are taken.
type Case struct {
	Name    string
	Config  Config
	Before  time.Duration // Not measured; 0: 30 s.
	Length  time.Duration // Measured; 0: a minute.
	Happens func(*World)  // What happens from the beginning; nil: nothing.
	Between func(*World)  // What happens before it is measured; nil: nothing.
	Line    Figures       // At least so much used, at most so much refused and in one second; zero values are no lines.
	Large   bool          // It takes minutes.
	Quick   bool          // It is in the short form of the tests.
}

// Run returns the figures of one seed.
func (c *Case) Run(seed uint64) (Figures, *World) {
	cfg := c.Config
	cfg.Seed = seed
	w := New(cfg)
	if c.Happens != nil {
		c.Happens(w)
	}
	before, length := c.Before, c.Length
	if before == 0 {
		before = 30 * time.Second
	}
	if length == 0 {
		length = time.Minute
	}
	if before > 0 {
		w.Run(before)
	}
	if c.Between != nil {
		c.Between(w)
	}
	return w.Run(length), w
}

// Median returns the medians of several seeds, and the worst figures. The seeds are the same each time.
func (c *Case) Median(seeds int) (middle, worst Figures) {
	var used, refused, jain, peak []float64
	for seed := range uint64(seeds) { //nolint:gosec // Positive.
		f, _ := c.Run(seed)
		used, refused = append(used, f.Used), append(refused, f.Refused)
		jain, peak = append(jain, f.Jain), append(peak, f.Peak)
	}
	for _, figures := range [][]float64{used, refused, jain, peak} {
		slices.Sort(figures)
	}
	n := len(used)
	return Figures{Used: used[n/2], Refused: refused[n/2], Jain: jain[n/2], Peak: peak[n/2]},
		Figures{Used: used[0], Refused: refused[n-1], Jain: jain[0], Peak: peak[n-1]}
}

// Holds reports whether figures are within the case's lines.
func (c *Case) Holds(f Figures) bool {
	l := c.Line
	return f.Used >= l.Used && (l.Refused == 0 || f.Refused <= l.Refused) && !(f.Jain < l.Jain) &&
		(l.Peak == 0 || f.Peak <= l.Peak)
}

var (
	auto     = quota.Rate{Ceiling: math.Inf(1), Learn: true}
	atOnce   = time.Nanosecond
	distance = 50 * time.Millisecond
)

func told(rate float64) quota.Rate { return quota.Rate{Ceiling: rate} }

// bucket saves up a second of its quota.
func bucket(rate float64) emulator.Settings { return emulator.Settings{Rate: rate, Burst: rate} }

// limited is another kind of limiter of 200/s.
func limited(burst float64, kind string) emulator.Settings {
	return emulator.Settings{Rate: 200, Burst: burst, Limiter: kind}
}

func churn(share float64) func(*World) { return func(w *World) { w.Churn(share) } }

func times(factor float64) func(*World) {
	return func(w *World) { w.Limit(bucket(factor * w.cfg.Limiter.Rate)) }
}

// Cases are what the table of the documentation is made of.
func Cases() []Case {
	four := func() Config { return Config{Replicas: 4, Rate: auto, Limiter: bucket(200)} }
	with := func(c Config, change func(*Config)) Config { change(&c); return c }
	many := func(n int, rate float64) Config { return Config{Replicas: n, Rate: auto, Limiter: bucket(rate)} }
	line := Figures{Used: 0.97, Refused: 0.01, Jain: 0.99}
	return []Case{
		{Name: "1, 200/s", Config: many(1, 200), Line: line},
		{Quick: true, Name: "4, 200/s", Config: four(), Line: line},
		{Name: "4, 200/s, each alone", Config: with(four(), func(c *Config) { c.Alone = true })},
		{Name: "10, 200/s", Config: many(10, 200), Line: line},
		{Name: "100, 2000/s", Config: many(100, 2000), Line: line},
		{Name: "1000, 2000/s", Config: many(1000, 2000), Line: line, Large: true},
		{
			Name:   "1000, 2000/s, each alone",
			Config: with(many(1000, 2000), func(c *Config) { c.Alone = true }), Large: true,
		},
		{
			Name:   "100, 2000/s, 10 % killed a minute, 1 % lost",
			Config: with(many(100, 2000), func(c *Config) { c.Lost = 0.01 }), Happens: churn(0.1),
			Line: Figures{Used: 0.98, Refused: 0.005, Peak: 1.15},
		},
		{
			Name:   "1000, 2000/s, 10 % killed a minute, 1 % lost",
			Config: with(many(1000, 2000), func(c *Config) { c.Lost = 0.01 }), Happens: churn(0.1), Large: true,
			Line: Figures{Used: 0.98, Refused: 0.005, Peak: 1.15},
		},
		{
			Name:   "100, 2000/s, 60 % killed a minute, 5 % lost",
			Config: with(many(100, 2000), func(c *Config) { c.Lost = 0.05 }), Happens: churn(0.6),
			Line: Figures{Used: 0.97, Refused: 0.015},
		},
		{
			Name: "1000 begin at once, told 2000/s", Large: true, Before: -1,
			Config: Config{Replicas: 1000, Rate: told(2000), Limiter: bucket(2000), Apart: atOnce},
		},
		{
			Name: "1000 begin at once, 2000/s", Large: true, Before: -1,
			Config: Config{Replicas: 1000, Rate: auto, Limiter: bucket(2000), Apart: atOnce},
		},
		{
			Name: "12, told 10/s", Config: Config{Replicas: 12, Rate: told(10), Limiter: bucket(10)},
			Line: Figures{Used: 0.97, Refused: 0.01, Jain: 0.98},
		},
		{Quick: true, Name: "12, 10/s", Config: many(12, 10), Line: Figures{Used: 0.95, Refused: 0.02, Jain: 0.98}},
		{
			Name: "12, 10/s, each alone", Config: with(many(12, 10), func(c *Config) { c.Alone = true }),
		},
		{
			Name: "100, told 10/s", Config: Config{Replicas: 100, Rate: told(10), Limiter: bucket(10)},
			Length: 3 * time.Minute, Line: Figures{Used: 0.97, Refused: 0.01, Jain: 0.97},
		},
		{
			Name: "100, 10/s", Config: many(100, 10),
			Length: 3 * time.Minute, Line: Figures{Used: 0.95, Refused: 0.03, Jain: 0.97},
		},
		{
			Name: "4, 200/s, one busy, others 1/s", Config: with(four(), func(c *Config) { c.Busy, c.Trickle = 1, 1 }),
			Line: Figures{Used: 0.97, Refused: 0.01},
		},
		{
			Name:   "100, 200/s, one busy, others 1/s",
			Config: with(many(100, 200), func(c *Config) { c.Busy, c.Trickle = 1, 1 }),
			Line:   Figures{Used: 0.95, Refused: 0.01},
		},
		{
			Quick: true,
			Name:  "4, 200/s, the keeper killed each 20 s", Config: four(),
			Happens: func(w *World) { w.KillKeeper(20 * time.Second) }, Length: 2 * time.Minute,
			Line: Figures{Used: 0.95, Refused: 0.01},
		},
		{
			Name: "10, 200/s, two cut off for 30 s", Config: many(10, 200),
			Between: func(w *World) { w.Part(0.2, 30*time.Second) }, Line: Figures{Used: 0.9, Refused: 0.03},
		},
		{
			Name:    "10, told 200/s, two cut off for 30 s",
			Config:  Config{Replicas: 10, Rate: told(200), Limiter: bucket(200)},
			Between: func(w *World) { w.Part(0.2, 30*time.Second) }, Line: Figures{Used: 0.9, Refused: 0.04},
		},
		{
			Name:   "4, fixed window of 200",
			Config: with(four(), func(c *Config) { c.Limiter = limited(0, emulator.LimiterFixedWindow) }),
			Line:   Figures{Used: 0.93, Refused: 0.02, Jain: 0.99},
		},
		{
			Name:   "4, GCRA of 200/s",
			Config: with(four(), func(c *Config) { c.Limiter = limited(200, emulator.LimiterGCRA) }),
			Line:   line,
		},
		{
			Name:   "4, sliding window of 200",
			Config: with(four(), func(c *Config) { c.Limiter = limited(0, emulator.LimiterSliding) }),
			Line:   Figures{Used: 0.93, Refused: 0.02, Jain: 0.99},
		},
		{
			Name:   "4, 200/s saved up for 0.2 s",
			Config: with(four(), func(c *Config) { c.Limiter = limited(40, emulator.LimiterBucket) }),
			Line:   Figures{Used: 0.95, Refused: 0.02, Jain: 0.99},
		},
		{
			Name: "4, 200/s doubled", Config: four(), Between: times(2), Length: 2 * time.Minute,
			Line: Figures{Used: 0.9, Refused: 0.01},
		},
		{
			Quick: true,
			Name:  "4, 200/s halved", Config: four(), Between: times(0.5), Length: 2 * time.Minute,
			Line: Figures{Used: 0.95, Refused: 0.02},
		},
		{
			Quick:  true,
			Name:   "4, 200/s, messages take 50 to 250 ms",
			Config: with(four(), func(c *Config) { c.Delay, c.Jitter = distance, 4*distance }), Length: 2 * time.Minute,
			Line: Figures{Used: 0.95, Refused: 0.015, Jain: 0.99},
		},
		{
			Name:   "100, 2000/s, messages take 50 to 250 ms",
			Config: with(many(100, 2000), func(c *Config) { c.Delay, c.Jitter = distance, 4*distance }), Large: true,
			Line: Figures{Used: 0.95, Refused: 0.015, Jain: 0.99},
		},
		{
			Name:   "4, 200/s, 3 % refused at any rate",
			Config: with(four(), func(c *Config) { c.Limiter.Random429 = 0.03 }),
			Before: 2 * time.Minute, Length: 2 * time.Minute,
			Line: Figures{Used: 0.9, Refused: 0.06, Jain: 0.99},
		},
	}
}
