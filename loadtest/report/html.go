package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

//go:embed assets/page.html
var pageText string

//go:embed assets/page.css
var pageStyle string

//go:embed assets/page.js
var pageScript string

//go:embed assets/uPlot.iife.min.js
var plotScript string

//go:embed assets/uPlot.min.css
var plotStyle string

//go:embed assets/uPlot.LICENSE
var plotLicense string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"rate": figure.Rate, "count": figure.Count, "duration": figure.Duration, "raw": raw, "percent": figure.Share,
	"bound":   figure.Bound,
	"visible": printable.Text,
}).Parse(pageText))

// raw writes a number as JSON does, for those who read the page by program.
func raw(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case *float64:
		if v == nil {
			return "null"
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// page is what the template shows. Texts of others are visible ones.
type page struct {
	Report              *Report
	Answer, Verdict     string
	Because, Tone       string
	Policy              string
	Style               template.CSS
	PlotScript          template.JS
	Script, Data, Plots template.JS
	License             string
	Tiles               []tile
	Facts, Target       []Fact
	Setting, Why        string
	TimeHeads           []string
	Times               []timeRow
	Explained           string
	Refusals            []Refusal
	Shares              []refused
	HasLoad, HasPlateau bool
	HasSpectra, Delay   bool
	Started             string
}

// tile is one of the great numbers.
type tile struct{ Name, Value, Also, Raw string }

type timeRow struct {
	Name, What string
	Cells      []timeCell
}

type timeCell struct{ Text, Raw, Label string }

// WriteHTML writes the report as one page that needs nothing else, and no network.
func WriteHTML(to io.Writer, r *Report) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	r = tidy(r)
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	drawn := r.plots()
	plots, err := json.Marshal(drawn)
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	style, facts, head, advice := plotStyle+pageStyle, r.Facts(), r.Head(), r.Advice()
	p := page{
		Report: r, Policy: policy(style, plotScript, pageScript), Style: template.CSS(style),
		PlotScript: template.JS(plotScript),
		Script:     template.JS(pageScript), Data: template.JS(printable.JSON(data)),
		Plots: template.JS(printable.JSON(plots)), License: strings.TrimSpace(plotLicense),
		Tiles: r.tiles(facts), Facts: facts, Target: r.target(), TimeHeads: timeHeads[2:], Times: r.timeRows(),
		Explained: timesExplained,
		Shares:    drawn.Shares, HasLoad: len(drawn.Shares) > 0, HasPlateau: len(r.Plateau) > 1,
		HasSpectra: len(drawn.Spectra) > 0, Delay: len(drawn.Delay) > 0,
		Started: r.Started.UTC().Format(secondLayout), Refusals: r.Refusals,
	}
	p.Answer, p.Verdict, p.Because = head.Title, strings.ToLower(head.Verdict), head.Because
	p.Tone = map[bool]string{true: "good", false: "warn"}[head.Good]
	p.Setting, p.Why = strings.Join(advice.Lines, "\n"), advice.Why
	for i := range p.Refusals {
		p.Refusals[i].Text = printable.Text(p.Refusals[i].Text)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	_, err = to.Write(b.Bytes())
	return err
}

// policy lets the page run its own scripts and nothing else.
func policy(style string, scripts ...string) string {
	sources := func(texts ...string) string {
		var hashes []string
		for _, text := range texts {
			sum := sha256.Sum256([]byte(text))
			hashes = append(hashes, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
		return strings.Join(hashes, " ")
	}
	return "default-src 'none'; style-src " + sources(style) + "; script-src " + sources(scripts...) +
		"; base-uri 'none'; form-action 'none'"
}

// greatFacts are the keys of the numbers that one looks for first.
var greatFacts = map[string][]string{
	Find: {"clean_rate", "failing_rate", "plateau_rate", "burst", "limiter", "requests"},
	Rate: {"offered", "accepted", "refused", "failed"},
}

// tiles are the numbers that one looks for first.
func (r *Report) tiles(facts []Fact) []tile {
	keys := greatFacts[r.Test]
	if r.Test == Rate && r.Delivery != nil {
		keys = append(slices.Clip(keys), "delivery.delivered", "delivery.lost")
	}
	var tiles []tile
	for _, key := range keys {
		tiles = append(tiles, tileOf(factOf(facts, key)))
	}
	if l, ok := r.Latency["accepted"]; ok && r.Test == Rate && r.Delivery == nil {
		tiles = append(tiles, tile{"Accepted, p50", optional(l.P50), "response time", raw(l.P50)},
			tile{"Accepted, p99", optional(l.P99), "response time", raw(l.P99)})
	}
	return tiles
}

// Long reports whether a value has no room as a great number.
func (t tile) Long() bool { return len(t.Value) > 11 }

func tileOf(f Fact) tile {
	t := tile{f.Name, f.Text, f.Short, ""}
	switch {
	case f.Value != nil:
		t.Raw = raw(f.Value)
	case f.Unit != "":
		t.Raw = "null"
	}
	return t
}

func (r *Report) timeRows() []timeRow {
	var rows []timeRow
	for _, t := range r.timings() {
		values := []any{t.rate, t.Count, t.Min, t.Mean, t.P50, t.P90, t.P99, t.P999, t.Max}
		row := timeRow{Name: t.name, What: t.what}
		for i, text := range t.cells()[2:] {
			row.Cells = append(row.Cells, timeCell{text, raw(values[i]), timeHeads[i+2]})
		}
		rows = append(rows, row)
	}
	return rows
}

// Clock writes when a second of the test was.
func (p page) Clock(at int) string {
	return p.Report.Started.Add(time.Duration(at) * time.Second).UTC().Format(time.TimeOnly)
}

// Ms writes a time in milliseconds.
func (page) Ms(seconds float64) string { return figure.Number(seconds*1e3, 4) }
