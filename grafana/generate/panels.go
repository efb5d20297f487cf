package main

import (
	"fmt"
	"strings"
)

// spec is a panel as the tables of this package describe it: what a person reads, and the queries.
type spec struct {
	kind  string // stat, graph, stack, bars, heatmap, timeline or table.
	title string // A question or a plain noun.
	help  string
	width int    // Of 24.
	unit  string // Grafana's name of it.
	query []query
	steps []step // Colours by value; none: the palette.
	maps  []object
	more  func(p *panel) // Anything else.
}

// query is one expression. DAEMONS stands for the selection of jobs and instances, ROUTES for that and the routes;
// WINDOW for the time that rates are taken over.
type query struct {
	expr   string
	legend string
}

var selections = strings.NewReplacer(
	"ROUTES", `job=~"$job", instance=~"$instance", route=~"$route"`,
	"DAEMONS", `job=~"$job", instance=~"$instance"`,
	"WINDOW", "$__rate_interval",
)

// heights of the kinds of panels, in rows of the grid.
var heights = map[string]int{"stat": 4, "graph": 8, "stack": 8, "bars": 8, "heatmap": 9, "timeline": 7, "table": 8}

// section is a row of the dashboard and its panels, in reading order.
type section struct {
	title  string
	panels []spec
}

// layout places sections one below the other, and panels from left to right; a panel that has no room begins a new
// line.
func layout(sections []section) []*panel {
	var panels []*panel
	y, open := 0, false
	add := func(p *panel) {
		p.ID = len(panels) + 1
		panels = append(panels, p)
	}
	for _, s := range sections {
		add(&panel{Type: "row", Title: s.title, GridPos: position{Y: y, W: 24, H: 1}, Collapsed: &open})
		y++
		x, tallest := 0, 0
		for _, sp := range s.panels {
			if x+sp.width > 24 {
				x, y, tallest = 0, y+tallest, 0
			}
			h := heights[sp.kind]
			p := sp.panel()
			p.GridPos = position{X: x, Y: y, W: sp.width, H: h}
			add(p)
			x, tallest = x+sp.width, max(tallest, h)
		}
		y += tallest
	}
	return panels
}

// data is the data source that the reader has chosen.
var data = &source{Type: "prometheus", UID: "${datasource}"}

func (s spec) panel() *panel {
	p := &panel{Title: s.title, Description: s.help, Datasource: data}
	p.FieldConfig = &fieldConfig{Defaults: field{
		Unit: s.unit, Mappings: s.maps,
		Color: object{"mode": "palette-classic"},
	}, Overrides: []override{}}
	if p.FieldConfig.Defaults.Mappings == nil {
		p.FieldConfig.Defaults.Mappings = []object{}
	}
	if s.steps != nil {
		p.FieldConfig.Defaults.Thresholds = &thresholds{Mode: "absolute", Steps: s.steps}
	}
	format, instant := "time_series", false
	switch s.kind {
	case "stat":
		s.stat(p)
	case "graph", "stack", "bars":
		s.graph(p)
	case "heatmap":
		format = "heatmap"
		s.heatmap(p)
	case "timeline":
		s.timeline(p)
	case "table":
		format, instant = "table", true
		p.Type = "table"
		p.Options = object{"showHeader": true, "cellHeight": "sm", "frameIndex": 0}
	default:
		panic("no such kind of panel: " + s.kind)
	}
	for i, q := range s.query {
		p.Targets = append(p.Targets, target{
			RefID: string(rune('A' + i)), Datasource: data, Expr: selections.Replace(q.expr), LegendFormat: q.legend,
			Format: format, Instant: instant, Range: !instant, EditorMode: "code",
		})
	}
	if s.more != nil {
		s.more(p)
	}
	return p
}

func (s spec) stat(p *panel) {
	p.Type = "stat"
	p.Options = object{
		"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		"colorMode":     "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
		"wideLayout":        true,
		"showPercentChange": false, "percentChangeColorMode": "standard",
	}
	if s.steps != nil {
		p.FieldConfig.Defaults.Color = object{"mode": "thresholds"}
	}
}

func (s spec) graph(p *panel) {
	p.Type = "timeseries"
	custom := object{
		"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "lineInterpolation": "linear", "showPoints": "never",
		"spanNulls": false,
		"stacking":  object{"mode": "none", "group": "A"}, "thresholdsStyle": object{"mode": "off"}, "axisSoftMin": 0,
	}
	switch s.kind {
	case "stack":
		custom["stacking"], custom["fillOpacity"] = object{"mode": "normal", "group": "A"}, 40
	case "bars":
		custom["drawStyle"], custom["fillOpacity"] = "bars", 60
		custom["stacking"] = object{"mode": "normal", "group": "A"}
	}
	if s.steps != nil {
		custom["thresholdsStyle"] = object{"mode": "dashed"}
	}
	p.FieldConfig.Defaults.Custom = custom
	p.Options = object{
		"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
		"tooltip": object{"mode": "multi", "sort": "desc"},
	}
}

// heatmap shows classic buckets: each is a line of cells.
func (s spec) heatmap(p *panel) {
	p.Type = "heatmap"
	p.FieldConfig.Defaults = field{Mappings: []object{}, Custom: object{"scaleDistribution": object{"type": "linear"}}}
	p.Options = object{
		"calculate": false,
		"showValue": "never",
		"cellGap":   1,
		"color": object{
			"mode": "scheme", "scheme": "Oranges", "steps": 64, "fill": "dark-orange",
			"scale": "exponential", "exponent": 0.5, "reverse": false,
		},
		"exemplars":    object{"color": "rgba(255,0,255,0.7)"},
		"legend":       object{"show": true},
		"rowsFrame":    object{"layout": "auto"},
		"tooltip":      object{"mode": "single", "yHistogram": true, "showColorScale": true},
		"yAxis":        object{"axisPlacement": "left", "unit": s.unit, "reverse": false},
		"cellValues":   object{"unit": "cps"},
		"filterValues": object{"le": 1e-9},
	}
}

// timeline shows numbers that stand for conditions as bars.
func (s spec) timeline(p *panel) {
	p.Type = "state-timeline"
	p.FieldConfig.Defaults.Custom = object{"fillOpacity": 70, "lineWidth": 0}
	p.Options = object{
		"alignValue": "left", "mergeValues": true, "rowHeight": 0.8, "showValue": "auto",
		"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{}},
		"tooltip": object{"mode": "single", "sort": "none"},
	}
}

// at colours values from v on.
func at(v float64, color string) step { return step{Color: color, Value: &v} }

// from is the colour below all other steps.
func from(color string) step { return step{Color: color} }

// values shows texts for values.
func values(pairs ...string) []object {
	options := object{}
	for i := 0; i+2 < len(pairs); i += 3 {
		options[pairs[i]] = object{"index": i / 3, "text": pairs[i+1], "color": pairs[i+2]}
	}
	return []object{{"type": "value", "options": options}}
}

// yesNo shows 1 and 0, the one in green and the other in red.
func yesNo(yes, no string) []object { return values("1", yes, "green", "0", no, "red") }

// column sets a property of a table's column, or of a series, by name.
func column(name string, properties ...property) override {
	return override{Matcher: object{"id": "byName", "options": name}, Properties: properties}
}

// quantile is a quantile of a histogram over the routes selected, by further labels.
func quantile(q float64, histogram, labels, by string) string {
	return fmt.Sprintf(
		"histogram_quantile(%g, sum by (%sle) (rate(momento_bridge_%s_bucket{%s}[WINDOW])))", q, by, histogram, labels)
}
