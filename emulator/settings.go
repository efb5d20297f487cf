package emulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// settingsJSON is Settings as JSON: a key that is absent leaves its setting as it is.
type settingsJSON struct {
	Rate       *float64 `json:"rate"`
	Burst      *float64 `json:"burst"`
	Limiter    *string  `json:"limiter"`
	Window     *string  `json:"window"`
	Shards     *int     `json:"shards"`
	Background *float64 `json:"background"`
	Random429  *float64 `json:"random_429"`
	Unit       *string  `json:"unit"`
	Latency    *string  `json:"latency"`
	Jitter     *string  `json:"jitter"`
	Fault      *string  `json:"fault"`

	FromZero      *string `json:"from_zero"`
	NewSequence   *string `json:"new_sequence"`
	Strict        *bool   `json:"strict"`
	Subscriptions *int    `json:"subscriptions"`
	PollTimeout   *string `json:"poll_timeout"`
	Page          *uint64 `json:"page"`
}

func (s *Server) serveSettings(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, PUT")
		http.Error(w, "use PUT to change, GET to read", http.StatusMethodNotAllowed)
		return
	}
	if r.Method == http.MethodPut {
		if err := s.change(r.Body); err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
			return
		}
	}
	writeJSON(w, http.StatusOK, s.current().json())
}

// change puts in force what a JSON object names. Others may change something else meanwhile.
func (s *Server) change(body io.Reader) error {
	var in settingsJSON
	decoder := json.NewDecoder(io.LimitReader(body, 64<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return fmt.Errorf("settings are not as expected: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("settings are not as expected: there is more after the object")
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	settings := s.current()
	if err := settings.merge(&in); err != nil {
		return err
	}
	return s.Set(settings)
}

func (s *Server) current() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// merge changes what in names.
func (t *Settings) merge(in *settingsJSON) error {
	set(&t.Rate, in.Rate)
	set(&t.Burst, in.Burst)
	set(&t.Limiter, in.Limiter)
	set(&t.Unit, in.Unit)
	set(&t.Shards, in.Shards)
	set(&t.Background, in.Background)
	set(&t.Random429, in.Random429)
	set(&t.FromZero, in.FromZero)
	set(&t.NewSequence, in.NewSequence)
	set(&t.Strict, in.Strict)
	set(&t.Subscriptions, in.Subscriptions)
	set(&t.Page, in.Page)
	err := errors.Join(setDuration(&t.Window, in.Window), setDuration(&t.Latency, in.Latency),
		setDuration(&t.Jitter, in.Jitter), setDuration(&t.PollTimeout, in.PollTimeout))
	if err != nil || in.Fault == nil {
		return err
	}
	faults, err := ParseFaults(*in.Fault)
	t.Faults = faults
	return err
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func setDuration(to *time.Duration, from *string) error {
	if from == nil {
		return nil
	}
	d, err := time.ParseDuration(*from)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a duration such as 5ms", *from)
	}
	*to = d
	return nil
}

func (t Settings) json() settingsJSON {
	texts := make([]string, len(t.Faults))
	for i, f := range t.Faults {
		texts[i] = f.String()
	}
	faults := strings.Join(texts, ",")
	fromZero, newSequence, subscriptions, page := cmp.Or(t.FromZero, Latest), cmp.Or(t.NewSequence, Next), t.limit(),
		t.page()
	return settingsJSON{
		Rate: &t.Rate, Burst: &t.Burst, Limiter: &t.Limiter, Window: written(t.Window), Shards: &t.Shards,
		Background: &t.Background, Random429: &t.Random429, Unit: &t.Unit, Latency: written(t.Latency),
		Jitter: written(t.Jitter), Fault: &faults,

		FromZero: &fromZero, NewSequence: &newSequence, Strict: &t.Strict, Subscriptions: &subscriptions,
		PollTimeout: written(t.PollTimeout), Page: &page,
	}
}

func written(d time.Duration) *string {
	s := d.String()
	return &s
}
