package report

import (
	"cmp"
	"slices"

	"momento-bridge/loadtest/figure"
)

// plots is what the page draws besides the numbers of the report itself.
type plots struct {
	Fit     *fit       `json:"fit"`
	Shares  []refused  `json:"shares"`
	Phases  []phase    `json:"phases"`
	Spectra []spectrum `json:"spectra"`
	Delay   []spectrum `json:"delay"`
	Clean   *float64   `json:"clean"`
	Failing *float64   `json:"failing"`
}

// fit is a straight line: rate times seconds plus start.
type fit struct {
	Rate  float64 `json:"rate"`
	Text  string  `json:"text"` // The rate, for people.
	Start float64 `json:"start"`
}

// refused is the share of refusals of a trial, with its interval.
type refused struct {
	Trial
	Text  string  `json:"text"` // Load, share and interval, for people.
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// phase is a part of the test with one name.
type phase struct {
	Name string  `json:"name"`
	From float64 `json:"from"` // Seconds after the start.
}

type spectrum struct {
	Name   string     `json:"name"`
	What   string     `json:"what"`
	Points []Quantile `json:"points"`
}

func (r *Report) plots() plots {
	p := plots{
		Fit: r.fit(), Shares: []refused{}, Phases: r.phases(), Spectra: []spectrum{}, Delay: []spectrum{},
		Clean: r.CleanRate, Failing: r.FailingRate,
	}
	for _, t := range r.Trials {
		if r.Test != Find || t.counted() == 0 || t.Rate <= 0 {
			continue
		}
		low, high := interval(t.Refused, t.counted())
		p.Shares = append(p.Shares, refused{
			t, figure.Rate(t.Rate) + ": " + t.interval(), share(t.Refused, t.counted()), low, high,
		})
	}
	slices.SortStableFunc(p.Shares, func(a, b refused) int { return cmp.Compare(a.Rate, b.Rate) })
	for _, t := range r.timings() {
		if len(t.Spectrum) == 0 {
			continue
		}
		s := spectrum{t.name, t.what, t.Spectrum}
		if t.Latency == &r.Generator.SendDelay {
			p.Delay = append(p.Delay, s)
		} else {
			p.Spectra = append(p.Spectra, s)
		}
	}
	return p
}

// fit puts a line with the rate of the plateau through what was accepted in overload. Its start is the burst that the
// first second took; that part is left out where there is more.
func (r *Report) fit() *fit {
	if r.PlateauRate == nil || len(r.Plateau) < 2 {
		return nil
	}
	late := r.Plateau[len(r.Plateau)/4:]
	sum := 0.0
	for _, p := range late {
		sum += float64(p.Accepted) - *r.PlateauRate*p.Seconds
	}
	return &fit{*r.PlateauRate, figure.Rate(*r.PlateauRate), sum / float64(len(late))}
}

// phases are the steps of the search, in their order.
func (r *Report) phases() []phase {
	phases := []phase{}
	if r.Test != Find {
		return phases
	}
	for _, t := range r.Trials {
		if len(phases) == 0 || phases[len(phases)-1].Name != t.Name {
			phases = append(phases, phase{t.Name, t.Began})
		}
	}
	return phases
}
