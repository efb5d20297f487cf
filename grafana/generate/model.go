package main

// The parts of Grafana's dashboard model that are used here. Names and meaning are Grafana's; what is left out has
// Grafana's default.

// object is a JSON object of options that only one kind of panel has.
type object = map[string]any

type dashboard struct {
	Title         string    `json:"title"`
	UID           string    `json:"uid"`
	Description   string    `json:"description"`
	Tags          []string  `json:"tags"`
	Editable      bool      `json:"editable"`
	GraphTooltip  int       `json:"graphTooltip"` // 1: the crosshair is shared.
	Refresh       string    `json:"refresh"`
	Time          timeRange `json:"time"`
	Timezone      string    `json:"timezone"`
	SchemaVersion int       `json:"schemaVersion"`
	Version       int       `json:"version"`
	Links         []object  `json:"links"`
	Annotations   list      `json:"annotations"`
	Templating    list      `json:"templating"`
	Panels        []*panel  `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type list struct {
	List []object `json:"list"`
}

type panel struct {
	ID              int          `json:"id"`
	Type            string       `json:"type"`
	Title           string       `json:"title"`
	Description     string       `json:"description,omitempty"`
	GridPos         position     `json:"gridPos"`
	Collapsed       *bool        `json:"collapsed,omitempty"` // Of rows only.
	Datasource      *source      `json:"datasource,omitempty"`
	Targets         []target     `json:"targets,omitempty"`
	FieldConfig     *fieldConfig `json:"fieldConfig,omitempty"`
	Options         object       `json:"options,omitempty"`
	Transformations []object     `json:"transformations,omitempty"`
	Panels          []*panel     `json:"panels,omitempty"`
}

type position struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type target struct {
	RefID        string  `json:"refId"`
	Datasource   *source `json:"datasource"`
	Expr         string  `json:"expr"`
	LegendFormat string  `json:"legendFormat"`
	Format       string  `json:"format"` // time_series, table or heatmap.
	Instant      bool    `json:"instant"`
	Range        bool    `json:"range"`
	EditorMode   string  `json:"editorMode"`
}

type fieldConfig struct {
	Defaults  field      `json:"defaults"`
	Overrides []override `json:"overrides"`
}

type field struct {
	Unit       string      `json:"unit,omitempty"`
	Decimals   *int        `json:"decimals,omitempty"`
	Min        *float64    `json:"min,omitempty"`
	Max        *float64    `json:"max,omitempty"`
	NoValue    string      `json:"noValue,omitempty"`
	Color      object      `json:"color,omitempty"`
	Thresholds *thresholds `json:"thresholds,omitempty"`
	Mappings   []object    `json:"mappings"`
	Custom     object      `json:"custom,omitempty"`
}

type thresholds struct {
	Mode  string `json:"mode"`
	Steps []step `json:"steps"`
}

// step colours values from its value on; null stands for minus infinity.
type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

type override struct {
	Matcher    object     `json:"matcher"`
	Properties []property `json:"properties"`
}

type property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}
