// Package report is what a load test has found: the JSON that machines read, and what people read, made from it.
package report

import "time"

// Schema is the version of the JSON.
const Schema = 1

// The verdicts.
const (
	Proved    = "proved"
	NotProved = "not_proved"
)

// The tests that make reports.
const (
	Find = "find"
	Rate = "rate"
)

// Report is one load test. Rates are publishes per second, times are seconds; null stands for what was not determined.
// It never holds the API key.
type Report struct {
	Schema    int      `json:"schema"`
	Test      string   `json:"test"`    // find or rate.
	Verdict   string   `json:"verdict"` // proved or not_proved; of a rate test: empty.
	Reason    string   `json:"reason"`
	CleanRate *float64 `json:"clean_rate"`
	// The share of refusals at the clean rate, at most, with 95 % confidence.
	CleanBound  *float64 `json:"clean_refused_at_most"`
	CleanSent   int      `json:"clean_sent"` // Publishes at the clean rate that show it.
	FailingRate *float64 `json:"failing_rate"`
	Goals       []Goal   `json:"goals,omitempty"` // Further ones than that of the settings.
	PlateauRate *float64 `json:"plateau_rate"`
	Burst       *float64 `json:"burst"`
	Limiter     string   `json:"limiter"` // bucket, fixed-window, sliding, soft, shared or unknown.
	// How sure that is: none, low or high; with none the limiter is unknown.
	LimiterConfidence string   `json:"limiter_confidence,omitempty"`
	LimiterEvidence   []string `json:"limiter_evidence,omitempty"`
	// How sure the burst is: none, low or high; with none it is null.
	BurstConfidence string      `json:"burst_confidence,omitempty"`
	BurstEvidence   []string    `json:"burst_evidence,omitempty"`
	WindowSeconds   *float64    `json:"window_seconds"`
	RejectionsCost  *bool       `json:"rejections_cost"`
	Unit            string      `json:"unit"` // What the limit counts, or "not tested".
	Dimensions      []Dimension `json:"dimensions,omitempty"`
	Requests        int         `json:"requests"`
	DurationSeconds float64     `json:"duration_seconds"`
	Started         time.Time   `json:"started"`
	Ended           time.Time   `json:"ended"`
	Interrupted     bool        `json:"interrupted"`
	Expected        string      `json:"expected,omitempty"` // What --expect asked for,
	AsExpected      *bool       `json:"as_expected"`        // and whether it is so.
	Target          Target      `json:"target"`
	Settings        Settings    `json:"settings"`
	Generator       Generator   `json:"generator"`
	Trials          []Trial     `json:"trials"`
	// Of a find: at 50%, 80%, 95% and plateau. Of a rate test: accepted, refused, failed.
	Latency  map[string]Latency `json:"latency"`
	Seconds  []Second           `json:"seconds"` // The whole test, second by second.
	Plateau  []Point            `json:"plateau"` // Acceptances in overload, cumulative, thinned out.
	Refusals []Refusal          `json:"refusals"`
	Delivery *Delivery          `json:"delivery,omitempty"` // Of a rate test through the bridge.
}

// Goal is what can be offered where that share of refusals is accepted.
type Goal struct {
	Goal        float64  `json:"goal"` // From 0 to 1.
	Verdict     string   `json:"verdict"`
	Reason      string   `json:"reason"`
	CleanRate   *float64 `json:"clean_rate"`
	CleanBound  *float64 `json:"clean_refused_at_most"` // As for the whole report.
	FailingRate *float64 `json:"failing_rate"`
}

// Target is what was tested.
type Target struct {
	Version     string   `json:"version"` // Of the program.
	Endpoint    string   `json:"endpoint"`
	Region      string   `json:"region,omitempty"`
	Caches      []string `json:"caches"`
	Topics      int      `json:"topics"`
	Topic       string   `json:"topic"` // The first.
	Bytes       int      `json:"bytes"` // Of a payload.
	Connections int      `json:"connections"`
	Via         string   `json:"via,omitempty"` // nats, or empty: straight.
}

// Settings are those of the test.
type Settings struct {
	Effort      string            `json:"effort,omitempty"`
	Width       float64           `json:"width,omitempty"`
	Goal        float64           `json:"goal"`
	NoOverload  bool              `json:"no_overload,omitempty"`
	Rate        float64           `json:"rate,omitempty"`
	Shape       string            `json:"shape,omitempty"` // even, poisson or burst:N.
	MaxRate     float64           `json:"max_rate,omitempty"`
	MaxRequests int               `json:"max_requests,omitempty"`
	MaxSeconds  float64           `json:"max_seconds,omitempty"`
	Seed        uint64            `json:"seed"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// Generator says how the machine that sent was doing.
type Generator struct {
	Ceiling float64 `json:"ceiling_rate"` // What it could send at the most, as calibrated; 0: it was not.
	// Measured before anything was published, with an endpoint of its own: the highest rate whose timing is fit, the
	// timing at several rates, and how long the machine stood still at the most.
	FitRate float64  `json:"fit_rate,omitempty"`
	Timing  []Timing `json:"timing,omitempty"`
	Burst   float64  `json:"burst_seconds,omitempty"`
	// The share of the publishes of all trials together that were sent within their time.
	OnTime    float64 `json:"on_time"`
	SendDelay Latency `json:"send_delay"`      // From planned to sent.
	Repeated  int     `json:"repeated_trials"` // Because the generator was not fit.
	CPU       float64 `json:"cpu"`             // The program's own use, of all cores; the most in a trial.
	Cores     int     `json:"cores"`
	OS        string  `json:"os"`
}

// Timing is how exactly the generator could send at a rate.
type Timing struct {
	Rate    float64 `json:"rate"`
	OnTime  float64 `json:"on_time"`          // The share that was sent in time.
	P99Late float64 `json:"p99_late_seconds"` // One percent was sent so much later than planned, or more.
}

// Trial is one trial. What is counted is its last phase, in which the rate was held.
type Trial struct {
	// bracket, plateau, probe, narrow, prove, goal, latency, dimension; of a rate test: rate, the only one.
	Name     string  `json:"name"`
	Rate     float64 `json:"rate"`
	Began    float64 `json:"began"` // Seconds after the start.
	Seconds  float64 `json:"seconds"`
	Sent     int     `json:"sent"` // In all phases.
	Accepted int     `json:"accepted"`
	Refused  int     `json:"refused"`
	// Of the refusals: others before them were late, which the burst does not forgive.
	Excused int `json:"excused,omitempty"`
	Failed  int `json:"failed"`
	// Of a rate test: planned, but not sent, as it was too late or there was no quota.
	NotSent        int     `json:"not_sent,omitempty"`
	OfferedSeconds float64 `json:"offered_seconds,omitempty"` // Of a rate test: for which publishes were planned.
	Unfit          string  `json:"unfit,omitempty"`           // Why it does not count.
	Passed         bool    `json:"passed"`
	// How late a publish could be sent, and the share that was sent in time.
	Tolerance float64 `json:"tolerance,omitempty"`
	OnTime    float64 `json:"on_time,omitempty"`
	// Whether all connections waited for answers meanwhile, so that the machine could not send in time.
	Waited bool `json:"waited,omitempty"`
	// The rate that it shows to be held, if that is lower than planned: what was really sent and accepted.
	Shown float64 `json:"shown_rate,omitempty"`
}

// Latency is a distribution of times in seconds. A percentile is null when fewer than ten samples lie above it.
type Latency struct {
	Count    int        `json:"count"`
	Min      *float64   `json:"min"`
	Mean     *float64   `json:"mean"`
	StdDev   *float64   `json:"stddev"`
	P50      *float64   `json:"p50"`
	P90      *float64   `json:"p90"`
	P99      *float64   `json:"p99"`
	P999     *float64   `json:"p999"`
	Max      *float64   `json:"max"`
	Spectrum []Quantile `json:"spectrum,omitempty"` // As HdrHistogram gives it.
	// Service is the time from sent to answered, of the same publishes, where the distribution itself is of planned to
	// answered.
	Service *Latency `json:"service,omitempty"`
	Rate    float64  `json:"rate,omitempty"` // That was offered.
	// Histogram has every sample, in microseconds, as HdrHistogram encodes it: version 2, compressed, in base64.
	Histogram string  `json:"histogram,omitempty"`
	Began     float64 `json:"began,omitempty"`   // Seconds after the start of the test,
	Seconds   float64 `json:"seconds,omitempty"` // and for how long it was measured.
}

// Quantile is one point of a spectrum.
type Quantile struct {
	Share   float64 `json:"share"` // From 0 to 1.
	Seconds float64 `json:"seconds"`
}

// Second is one second of the test.
type Second struct {
	At       int `json:"at"` // Seconds after the start.
	Offered  int `json:"offered"`
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	Failed   int `json:"failed"`
}

// Point is how many were accepted up to a moment.
type Point struct {
	Seconds  float64 `json:"seconds"` // After the first.
	Accepted int     `json:"accepted"`
}

// Refusal is one text with which publishes were refused for quota, and how often.
type Refusal struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

// Dimension is what one change of the publishes did to the limit.
type Dimension struct {
	Name    string  `json:"name"`  // size, topics, connections, caches, subscribers.
	Value   string  `json:"value"` // For instance 4096 bytes.
	Plateau float64 `json:"plateau_rate"`
	// Unrefused says that hardly anything was refused: the plateau is this or more.
	Unrefused bool   `json:"unrefused,omitempty"`
	Counts    bool   `json:"counts"`          // Whether it moved the limit.
	Unfit     string `json:"unfit,omitempty"` // Why it could not be measured: then the rest is not known.
}

// Delivery is what subscribers got of a test through the bridge.
type Delivery struct {
	Sent            int     `json:"sent"` // Taken by NATS.
	Delivered       int     `json:"delivered"`
	Lost            int     `json:"lost"`
	Duplicates      int     `json:"duplicates"`
	Reordered       int     `json:"reordered"`       // Came after a later message of their topic.
	Discontinuities int     `json:"discontinuities"` // Breaks in a topic's sequence, as the endpoint told subscribers.
	Latency         Latency `json:"latency"`         // From sent to NATS to received by the subscriber.
}
