package emulator

import (
	"encoding/json"
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
}

func (s *Server) serveSettings(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, PUT")
		http.Error(w, "use PUT to change, GET to read", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	settings := s.settings
	s.mu.Unlock()
	if r.Method == http.MethodPut {
		err := settings.merge(r.Body)
		if err == nil {
			err = s.Set(settings)
		}
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
			return
		}
	}
	writeJSON(w, http.StatusOK, settings.json())
}

// merge changes what a JSON object names.
func (t *Settings) merge(body io.Reader) error {
	var in settingsJSON
	decoder := json.NewDecoder(io.LimitReader(body, 64<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return fmt.Errorf("settings are not as expected: %w", err)
	}
	set(&t.Rate, in.Rate)
	set(&t.Burst, in.Burst)
	set(&t.Limiter, in.Limiter)
	set(&t.Unit, in.Unit)
	set(&t.Shards, in.Shards)
	set(&t.Background, in.Background)
	set(&t.Random429, in.Random429)
	if err := setDuration(&t.Window, in.Window); err != nil {
		return err
	}
	if err := setDuration(&t.Latency, in.Latency); err != nil {
		return err
	}
	if err := setDuration(&t.Jitter, in.Jitter); err != nil {
		return err
	}
	if in.Fault == nil {
		return nil
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
	window, latency, jitter, faults := t.Window.String(), t.Latency.String(), t.Jitter.String(),
		strings.Join(texts, ",")
	return settingsJSON{
		&t.Rate, &t.Burst, &t.Limiter, &window, &t.Shards, &t.Background, &t.Random429, &t.Unit,
		&latency, &jitter, &faults,
	}
}
